// What every section has: its title, what was run, how to repeat it.

function baseName(path) {
  return String(path).split('/').at(-1);
}

// "y = p0 .. p63 (64)"
function columnsText(columns) {
  const names = columns.map((column) => column.name);
  return names.length <= 4 ? names.join(', ') : `${names[0]} .. ${names.at(-1)} (${names.length})`;
}

function problemText(problem) {
  if (!problem || !problem.model) {
    return '';
  }
  const data = problem.data;
  const held = data.test_rows > 0
      ? (data.part === 'test' ? ', those held out' : ` (${data.test_rows} held out)`)
      : '';
  const x = data.x.length > 0 ? `, x = ${columnsText(data.x)}` : '';
  return `${problem.model.name}, ${plural(problem.num_params, 'parameter')}, on ${data.rows} rows of ` +
      `${baseName(data.file)}${held}: y = ${columnsText(data.y)}${x}`;
}

const verbTitles = {
  gradient: 'Gradient', train: 'Training', sample: 'Draws', exact: 'Exact answers', bench: 'Benchmark', infer: 'Minima',
  diagnose: 'Diagnosis',
};

function titleOf(part) {
  if (part.title) {
    return part.title;
  }
  if (part.result?.title) {
    return part.result.title;  // of somebody's own program
  }
  const problem = part.result?.problem;
  const about = problem?.model ? `${problem.model.name} on ${baseName(problem.data.file)}`
      : part.result?.files ? baseName(part.result.files[0]) + (part.result.files.length > 1 ? ` and ${part.result.files.length - 1} more` : '')
      : baseName(part.folder);
  return `${verbTitles[part.verb]}: ${about}`;
}

function optionsText(thing) {
  if (!thing) {
    return missing;
  }
  const options = Object.entries(thing.options || {}).map(([key, value]) => `${key} = ${value}`);
  return thing.name + (options.length > 0 ? ` (${options.join(', ')})` : '');
}

function quoted(path) {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll('\'', '\'\\\'\'')}'`;
}

// The resolved configuration gives the same numbers.
function commandOf(part) {
  const out = part.verb === 'train' || part.verb === 'bench' ? ' --out again' : '';
  const precision = part.result?.precision === 'float' ? ' --precision float' : '';
  return `negphase ${part.verb} ${quoted(`${part.folder}/config.toml`)}${precision}${out}`;
}

function fileText(file) {
  return Array.isArray(file) ? list(file.map(fileText)) : file ? `${file.file} (${count(file.bytes)}B, CRC-32 ${file.crc32})` : null;
}

function configurationOf(part) {
  const {run, result} = part;
  const about = run || result || {};
  const copyable = (text) => element('pre', {class: 'copy', tabindex: '0'}, element('code', {}, text));
  return closed('Configuration, versions, and the command to repeat it',
                 facts([
                   ['folder', part.folder],
                   ['negphase', about.negphase],
                   ['compiler', run?.compiler],
                   ['flags', run?.flags?.trim()],
                   ['seed', about.seed === undefined ? null : String(about.seed)],
                   ['threads', run ? String(run.threads) : null],
                   ['block width', about.block_width === undefined ? null : String(about.block_width)],
                   ['precision', about.precision],
                   ['data', fileText(run?.data)],
                   ['parameters', fileText(run?.params)],
                   ['couplings', fileText(run?.couplings)],
                   ['energy evaluations', run ? count(run.energy_evaluations) : null],
                   ['gradient evaluations', run ? count(run.gradient_evaluations) : null],
                   ['finished', run?.timing?.finished],
                   ['seconds', run ? number(run.timing?.seconds) : null],
                 ]),
                 part.config ? [element('p', {}, 'The same numbers again, for any number of threads on a machine of this type:'),
                                copyable(commandOf(part)),
                                element('p', {}, 'The resolved configuration:'), copyable(part.config)] : null);
}
