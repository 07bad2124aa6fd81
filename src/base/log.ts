/** How the engine speaks to whoever is on call: a structured line per event. A pino logger fits as it is. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Says nothing: the default of the library. */
export const silentLog: Log = Object.freeze({ info() {}, warn() {}, error() {} });
