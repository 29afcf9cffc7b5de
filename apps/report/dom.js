// Elements. Text from results goes in as text, never as markup.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value);
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// A table in a box that scrolls by itself. The first cell of a row is its heading; `rows` hold texts.
function table(label, columns, rows) {
  const head = element('tr', {}, columns.map((name) => element('th', {scope: 'col'}, name)));
  const body = rows.map((cells) => element(
      'tr', {},
      cells.map((cell, i) => element(i === 0 ? 'th' : 'td', i === 0 ? {scope: 'row'} : {}, cell))));
  return element(
      'div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label},
      element('table', {}, element('caption', {class: 'unseen'}, label), element('thead', {}, head),
              element('tbody', {}, body)));
}

// The table behind a chart; it stands open where there are no charts.
function tableBehind(label, columns, rows) {
  return element('details', {class: 'numbers', open: chartsAvailable ? null : ''},
                 element('summary', {}, `Table: ${label}`), table(label, columns, rows));
}

// What only some readers want to see.
function closed(summary, ...inside) {
  return element('details', {class: 'configuration'}, element('summary', {}, summary), ...inside);
}

// Names and values, for the facts of a run. Entries without a value are left out.
function facts(entries) {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined);
  return element('dl', {class: 'facts'},
                 shown.map(([name, value]) =>
                               element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

// The few figures that matter: [label, figure, what it is].
function figures(entries) {
  const shown = entries.filter(Boolean);
  return element('dl', {class: 'figures'}, shown.map(([label, value, note]) => element(
                                               'div', {}, element('dt', {}, label),
                                               element('dd', {}, value),
                                               note ? element('dd', {class: 'note'}, note) : null)));
}

function paragraphs(text, kind = '') {
  return text.split(/\n\s*\n/)
      .filter((part) => part.trim() !== '')
      .map((part) => element('p', {class: kind || null}, part.trim()));
}

// Radio buttons; `choose` is called with the key of the one that is picked.
let choicesMade = 0;
function choice(label, options, chosen, choose) {
  const name = `choice-${++choicesMade}`;
  const buttons = options.map(([key, text]) => {
    const input = element('input', {type: 'radio', name, value: key, checked: key === chosen ? '' : null});
    input.addEventListener('change', () => choose(key));
    return element('label', {}, input, text);
  });
  return element('fieldset', {class: 'choice'}, element('legend', {}, label), buttons);
}

// Each warning once, with the rows that it is about.
function warningsOfRows(rows) {
  const said = new Map();
  for (const row of rows) {
    for (const warning of row.warnings || []) {
      const before = said.get(warning.text);
      said.set(warning.text, {...warning, who: before ? `${before.who}, ${row.label}` : row.label});
    }
  }
  return warningsList([...said.values()]);
}

function warningsList(warnings) {
  if (!warnings || warnings.length === 0) {
    return null;
  }
  return element('ul', {class: 'warnings'}, warnings.map((w) => element(
                                                'li', {class: w.failed_check ? 'failed' : null},
                                                element('strong', {}, w.failed_check ? 'Failed check: ' : 'Note: '),
                                                (w.who ? `${w.who}: ` : '') + w.text)));
}
