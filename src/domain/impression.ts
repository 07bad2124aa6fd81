/** The type of actions that tell what a user was shown, which says nothing of what the user wants. */
export const IMPRESSION = 'impression';
