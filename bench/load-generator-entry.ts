/** The process that makes load: does what it is sent, one message after the other. */
import { generateLoad, type Load } from './load-generator.ts';

process.on('message', (load) => {
  void generateLoad(load as Load).then((result) => process.send!(result));
});
