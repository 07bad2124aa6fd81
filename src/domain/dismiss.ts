/** The type of actions that say what a user does not want: they push down what is like it. */
export const DISMISS = 'dismiss';
