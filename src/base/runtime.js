/**
 * Ends the process with one line when this Node is too old for Doorrank, before anything native is loaded.
 * Every entry imports it first. Plain JavaScript without imports, because the old Node has to run it.
 */
const NODE_MAJOR_MIN = 26;

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
  const found = `${process.versions.node} (${process.execPath})`;
  process.stderr.write(
    `doorrank needs Node ${NODE_MAJOR_MIN} or newer, this is Node ${found}; ` +
      'run it through npm scripts or npx, which bring their own\n',
  );
  process.exit(2);
}
