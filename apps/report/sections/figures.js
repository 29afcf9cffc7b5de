// A page of figures that somebody's own program wrote (figures.json): paragraphs, charts, tables.

function ownSet(own, i) {
  const points = own.x.map((x, k) => ({x, y: own.y[k]}));
  if (own.style === 'observed') {
    const lines = points.flatMap(({x, y}) => [{x, y: 0}, {x, y}, {x: null, y: null}]);
    return {...line(1, 1), borderWidth: 1, label: own.label, data: lines, silent: true};
  }
  const looks = own.style === 'curve' ? line(i, i) : own.style === 'points' ? {...series(i), showLine: false} : series(i);
  return {
    ...looks, label: own.label, data: points.filter(({x, y}) => isNumber(x) && isNumber(y)),
    ...(own.low ? {intervals: points.flatMap(({x, y}, k) => isNumber(x) && isNumber(y) ? [[own.low[k], own.high[k]]] : [])} : {}),
  };
}

function ownRange(panel, axis) {
  const values = panel.series.flatMap((own) => [...own[axis], ...(axis === 'y' ? [...(own.low ?? []), ...(own.high ?? [])] : [])]);
  const zero = axis === 'y' && panel.series.some((own) => own.style === 'observed') ? [0] : [];
  return rangeOf([...values, ...zero], panel[axis].logarithmic);
}

function ownPanel(panel, index, many) {
  return {
    name: String(index + 1), title: panel.title || undefined, height: many ? 'low' : undefined,
    x: {title: panel.x.title, log: panel.x.logarithmic, ...ownRange(panel, 'x')},
    y: {title: panel.y.title, log: panel.y.logarithmic, ...ownRange(panel, 'y')},
    sets: panel.series.map(ownSet),
  };
}

// Labels that stand in several panels keep colour and marker.
function withSharedLooks(panels) {
  const labels = [...new Set(panels.flatMap((panel) => panel.series.map((own) => own.label)))];
  return panels.map((panel, index) => {
    const made = ownPanel(panel, index, panels.length > 1);
    return {...made, sets: panel.series.map((own) => ownSet(own, labels.indexOf(own.label)))};
  });
}

function ownFigure(own) {
  const many = own.panels.length > 1;
  const rows = own.panels.flatMap((panel) => panel.series.flatMap((each) => each.x.map((x, k) => [
    ...(many ? [panel.title] : []), each.label, number(x),
    each.low ? `${number(each.y[k])} (${number(each.low[k])} to ${number(each.high[k])})` : number(each.y[k]),
  ])));
  const [{x, y}] = own.panels;
  return figure({
    name: own.name, title: own.title, see: own.see, size: many ? 'small' : 'wide',
    table: {label: own.title, columns: [...(many ? ['chart'] : []), 'series', x.title || 'x', y.title || 'y'], rows},
    panels: () => withSharedLooks(own.panels),
  });
}

function figuresSection(part) {
  return part.result.parts.map((each) =>
      each.text !== undefined ? element('p', {}, each.text)
      : each.figure ? ownFigure(each.figure)
      : [element('h4', {}, each.table.title), table(each.table.title, each.table.columns, each.table.rows)]);
}
