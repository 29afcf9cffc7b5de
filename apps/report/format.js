// Numbers as text.

function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

const missing = '–';

function superscript(exponent) {
  return String(exponent).replace(/./g, (c) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[c] || '⁻');
}

// 3 significant digits; powers of ten where a plain number would be long.
function number(value, digits = 3) {
  if (!isNumber(value)) {
    return missing;
  }
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e5)) {
    const decimals = size === 0 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
    return minus(value.toFixed(decimals));
  }
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
  return `${minus(mantissa)} × 10${superscript(Number(exponent))}`;
}

function minus(text) {
  return text.replace('-', '−');
}

// "0.0276 ± 0.0011": the error to 2 digits, the value to the same place.
function withError(value, error) {
  if (!isNumber(value) || !isNumber(error) || error <= 0) {
    return number(value);
  }
  const place = Math.floor(Math.log10(error)) - 1;
  const size = Math.max(Math.abs(value), error);
  if (size >= 1e-3 && size < 1e5) {
    const decimals = Math.max(0, -place);
    return `${minus(value.toFixed(decimals))} ± ${error.toFixed(decimals)}`;
  }
  const power = Math.floor(Math.log10(size));
  const decimals = Math.max(0, power - place);
  const scale = 10 ** -power;
  return `(${minus((value * scale).toFixed(decimals))} ± ${(error * scale).toFixed(decimals)}) × 10` +
      superscript(power);
}

// "1.23 M": for counts that nobody reads to the last digit.
function count(value, digits = 3) {
  if (!isNumber(value)) {
    return missing;
  }
  const units = ['', ' k', ' M', ' G', ' T'];
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit + 1 < units.length) {
    value /= 1000;
    ++unit;
  }
  const text = Number.isInteger(value) && Math.abs(value) < 1000 ? String(value)
                                                                 : Number(value.toPrecision(digits)).toString();
  return minus(text) + units[unit];
}

function percent(share, digits = 3) {
  return isNumber(share) ? `${number(100 * share, digits)} %` : missing;
}

function seconds(value) {
  return isNumber(value) ? `${number(value)} s` : missing;
}

// A short label of an axis.
function tick(value) {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) {
    const exponent = Math.floor(Math.log10(size) + 1e-9);
    const mantissa = Number((value / 10 ** exponent).toPrecision(3));
    return (mantissa === 1 ? '' : `${minus(String(mantissa))}·`) + `10${superscript(exponent)}`;
  }
  return size >= 10000 ? count(value) : minus(String(Number(value.toPrecision(6))));
}

function list(words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

function plural(n, word) {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

// Of a label what may stand in an address: "CD-1 (block_gibbs)" is cd-1-block_gibbs.
function slug(text) {
  return String(text).toLowerCase().replace(/[^a-z0-9_]+/g, '-').replace(/^-|-$/g, '');
}
