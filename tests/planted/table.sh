#!/usr/bin/env bash
# usage: table.sh [--names | TEST_FILE...]
# Writes planted/README.md: every planted bug, the tests that refuse it, and how long these take. All
# tests of all bugs are run and timed; with --names none, with test files (diagnostics/figures_test.cpp)
# those in them. Times that are not measured are kept. Needs build/release/tests/negphase_tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=$PWD/../build/release/tests/negphase_tests table=planted/README.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# uses <file>...: test file, ID, name of the test case (or nothing, outside of one), for each use of a bug
uses() {
  awk '
    # The name in "name" or "its " "halves", the first text of a line.
    function name_in(text,  name, part) {
      name = ""
      while (match(text, /^[^"]*"([^"\\]|\\.)*"/) && (name == "" || text ~ /^ *"/)) {
        part = substr(text, 1, RLENGTH)
        text = substr(text, RLENGTH + 1)
        sub(/^[^"]*"/, "", part)
        sub(/"$/, "", part)
        gsub(/\\"/, "\"", part)
        name = name part
      }
      return name
    }
    FNR == 1 { name = ""; is_open = 0 }
    /^TEST_CASE[A-Z_]*\(/ { is_open = 1; head = "" }
    is_open { head = head " " $0; if (/\{ *$/) { is_open = 0; name = name_in(head) } }
    /^}/ { name = "" }
    {
      rest = $0
      if (match(rest, /^#include "planted\/[A-Za-z0-9]+/)) {
        print FILENAME "\t" substr(rest, 19, RLENGTH - 18) "\t"
      }
      while (match(rest, /planted::[A-Z][A-Za-z0-9]*/)) {
        print FILENAME "\t" substr(rest, RSTART + 9, RLENGTH - 9) "\t" name
        rest = substr(rest, RSTART + RLENGTH)
      }
    }' "$@"
}

# times <file>: test file, name of the test case, seconds
times() {
  local suite
  for suite in --test-suite-exclude=slow --test-suite=slow; do
    if [[ $suite == --test-suite=slow ]] && ! grep -q 'test_suite("slow")\|TEST_SUITE.*("slow")' "$1"; then
      continue
    fi
    "$program" --no-colors --duration --source-file="*/tests/$1" $suite |
      sed -n 's/^\([0-9.][0-9.]*\) s: \(.*\)$/\1\t\2/p' |
      awk -F'\t' -v file="$1" '{ print file "\t" $2 "\t" $1 }'
  done
}

mapfile -t files < <(grep -rl --include='*_test.cpp' '^#include "planted/' . | sed 's|^\./||' | LC_ALL=C sort)
uses "${files[@]}" | LC_ALL=C sort -u >"$work/uses"
: >"$work/times"
if [[ ${1:-} != --names ]]; then
  if (($# > 0)); then
    files=("$@")
  fi
  for file in "${files[@]}"; do
    times "$file" >>"$work/times"
  done
fi
for patch in planted/*.patch; do
  awk 'NR == 1 { sub(/^# /, ""); id = $0; sub(/:.*/, "", id); sub(/^[^:]*: */, ""); what = $0 }
       /^file: / { sub(/^file: */, ""); print id "\t" what "\t" $0; exit }' "$patch"
done | LC_ALL=C sort -V >"$work/bugs"
[[ -e $table ]] && sed -n 's/^| \([A-Z][A-Za-z0-9]*\) | .* | \([-0-9.]*\) |$/\1\t\2/p' "$table" >"$work/before" || : >"$work/before"

{
  cat <<'TEXT'
# Planted bugs

Wrong versions of the product's code, each with the tests that refuse it; [../README.md](../README.md) explains the
format. Made by `./run planted`, which runs and times these tests (`./run planted --names`: times stay as they are); seconds
are those of the test cases named, which may refuse other bugs as well. Where a file has no name behind it, the bug is
refused through a function that several of its test cases call, and the time is that of the file.

| bug | what is wrong | in | refused by | seconds |
|---|---|---|---|---|
TEXT
  awk -F'\t' '
    FILENAME ~ /uses$/ { if ($3 == "") { files[$2] = files[$2] "\t" $1 } else { cases[$2] = cases[$2] "\n" $1 "\t" $3 }; next }
    # the instances of a template are called name<type>
    FILENAME ~ /times$/ { name = $2; sub(/<.*>$/, "", name); time[$1 "\t" name] += $3; whole[$1] += $3; next }
    FILENAME ~ /before$/ { before[$1] = $2; next }
    {
      id = $1; by = ""; seconds = 0; known = 1; last = ""
      n = split(cases[id], each, "\n")
      for (i = 2; i <= n; ++i) {
        split(each[i], part, "\t")
        by = by (by == "" ? "" : part[1] == last ? ", " : "; ") (part[1] == last ? "" : "`" part[1] "`: ") part[2]
        last = part[1]
        short = part[2]; sub(/<.*>$/, "", short)
        if ((part[1] "\t" short) in time) { seconds += time[part[1] "\t" short] } else { known = 0 }
      }
      m = split(files[id], each, "\t")
      if (by == "") {
        for (i = 2; i <= m; ++i) {
          by = by (by == "" ? "" : "; ") "`" each[i] "`"
          if (each[i] in whole) { seconds += whole[each[i]] } else { known = 0 }
        }
      }
      gsub(/\|/, "\\|", by)
      gsub(/\|/, "\\|", $2)
      print "| " id " | " $2 " | `" $3 "` | " by " | " (known ? sprintf("%.2f", seconds) : id in before ? before[id] : "-") " |"
    }' "$work/uses" "$work/times" "$work/before" "$work/bugs"
} >"$work/table"
cat "$work/table" >"$table"
echo "written: tests/$table, $(wc -l <"$work/bugs") planted bugs"
