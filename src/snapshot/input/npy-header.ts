/** The header of a `.npy` file (NumPy's format versions 1 to 3): the shape of an array and where its values begin. */
import { inputInvalid } from './input-faults.ts';

export interface NpyHeader {
  readonly rowCount: number;
  readonly dimensions: number;
  /** Where the float32 values begin. */
  readonly offsetBytes: number;
}

/** Bytes that hold every header NumPy writes for a plain array; it pads them to a multiple of 64. */
export const NPY_HEADER_BYTES_MAX = 4096;

const MAGIC = '\x93NUMPY';
const SAVE = 'save it with np.save(path, np.ascontiguousarray(a, dtype="<f4"))';

/** Reads the header from the first bytes of `file`. Throws `input_invalid` unless it is rows of little-endian float32. */
export function parseNpyHeader(file: string, start: Buffer): NpyHeader {
  const refuse = (found: string, expected: string): Error =>
    inputInvalid({ file, place: 'header', found, expected });
  if (start.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw refuse(
      `the bytes ${start.toString('hex', 0, MAGIC.length)}`,
      `a .npy file, which begins with 934e554d5059; ${SAVE}`,
    );
  }
  if (start.length < 12) {
    throw refuse(`a file of ${start.length} bytes that ends in its header`, `a complete file; ${SAVE}`);
  }
  const isVersion1 = start[6] === 1;
  const textStart = isVersion1 ? 10 : 12;
  const offsetBytes = textStart + (isVersion1 ? start.readUInt16LE(8) : start.readUInt32LE(8));
  if (offsetBytes > start.length) {
    throw refuse(
      `a header of ${offsetBytes} bytes in the ${start.length} that were read`,
      `a complete file of one plain array; ${SAVE}`,
    );
  }
  const text = start.toString('latin1', textStart, offsetBytes);
  const type = /'descr': *('[^']*'|\[.*\])/.exec(text)?.[1];
  if (type !== "'<f4'") {
    throw refuse(`values of type ${typeName(type)}`, `'<f4' (little-endian float32); ${SAVE}`);
  }
  if (!/'fortran_order': *False/.test(text)) {
    throw refuse('an array in Fortran order', `one in C order, row after row; ${SAVE}`);
  }
  const shape = /'shape': *\(([^)]*)\)/.exec(text)?.[1] ?? '';
  const sizes = shape
    .split(',')
    .flatMap((size) => (size.trim() === '' ? [] : [/^\d{1,15}$/.test(size.trim()) ? Number(size) : NaN]));
  const [rowCount, dimensions] = sizes;
  if (sizes.length !== 2 || !(rowCount! > 0) || !(dimensions! > 0)) {
    throw refuse(
      `an array of shape (${shape.trim()})`,
      'two dimensions above 0: (rows, dimensions of a vector)',
    );
  }
  return { rowCount: rowCount!, dimensions: dimensions!, offsetBytes };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  "'<f8'": 'float64',
  "'>f4'": 'big-endian float32',
  "'<f2'": 'float16',
};

function typeName(type: string | undefined): string {
  if (type === undefined) return 'unknown';
  const name = TYPE_NAMES[type];
  return name === undefined ? type : `${type} (${name})`;
}
