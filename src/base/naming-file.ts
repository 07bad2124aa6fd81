/** Runs what writes to `file`. Where the system says what was wrong but not where, as of a full disk, the error does. */
export function namingFile(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && !('path' in error)) error.message += ` '${file}'`;
    throw error;
  }
}
