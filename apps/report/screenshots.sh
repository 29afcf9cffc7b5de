#!/usr/bin/env bash
# usage: screenshots.sh REPORT.html [FOLDER]
#        screenshots.sh REPORT.html --only IDS FILE.png [WIDTH]
# Pictures of a report as Chromium shows it: 1280 and 400 pixels wide, light and dark, whole pages, and
# as printed. --only: one picture, of these figures (part-1-error,part-1-components-cd-1: the ids of
# the page), WIDTH pixels of a page wide (default 800). Fails where the page complains.
set -euo pipefail

report=$(realpath "$1")
only= folder=
if [[ ${2:-} == --only ]]; then
  only=${3:?ids of figures} picture=$(realpath "${4:?name of the picture}")
else
  folder=$(mkdir -p "${2:-build/screenshots}" && realpath "${2:-build/screenshots}")
fi
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "screenshots.sh: needs Chromium (Debian: chromium)" >&2
  exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=$(basename "$report" .html)

# chrome <light|dark> <width> <height> <arguments>...
chrome() {
  local scheme=1
  [[ $1 == dark ]] && scheme=0
  "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
    --allow-file-access-from-files --enable-logging=stderr --v=0 --virtual-time-budget=20000 \
    --blink-settings=preferredColorScheme=$scheme --window-size="$2,$3" "${@:4}" 2>>"$work/messages"
}

# No window is narrower than 500 pixels, but a frame in it can be. It says how high its page is.
frame() {
  cat >"$work/frame_$1.html" <<HTML
<!doctype html><html><body style="margin:0;overflow:hidden"><iframe id="page" src="file://$report${only:+#only=$only}"
style="border:0;width:$1px;height:$([[ $only ]] && echo 100 || echo 900)px;display:block"></iframe><script>
const page = document.getElementById('page');
page.onload = () => {
  const root = page.contentDocument.documentElement;
  page.style.height = root.scrollHeight + 'px';
  page.style.marginTop = -(new URLSearchParams(location.search).get('skip') || 0) + 'px';
  document.documentElement.dataset.height = root.scrollHeight;
  document.documentElement.dataset.wide = root.scrollWidth > root.clientWidth;
  document.documentElement.dataset.drawn = root.dataset.drawn;
  document.documentElement.dataset.problems = root.dataset.problems;
};
</script></body></html>
HTML
}

said() { grep -o "data-$1=\"[^\"]*\"" "$work/dom" | head -1 | cut -d'"' -f2; }

# look <width>: how high the page is, and whether it is as it should be.
look() {
  frame "$1"
  chrome light $(($1 < 500 ? 500 : $1)) 900 --dump-dom "file://$work/frame_$1.html" >"$work/dom"
  height=$(said height)
  echo "$name, $1 pixels wide: $(said drawn) charts, $height pixels high"
  if [[ -n $(said problems) || $(said wide) != false ]]; then
    echo "$name, $1 pixels wide: scrolls sideways: $(said wide); problems: $(said problems)" >&2
    failed=1
  fi
}

failed=0
if [[ -n $only ]]; then
  width=${5:-800}
  look "$width"
  chrome light "$width" "$height" --screenshot="$picture" "file://$work/frame_$width.html"
  echo "picture: $picture"
  exit $failed
fi

most=8000  # pixels in a picture; a longer page becomes several
for width in 1280 400; do
  look $width
  for scheme in light dark; do
    for ((skip = 0; skip < height; skip += most)); do
      file=$folder/${name}_${width}_$scheme$( ((height > most)) && echo "_$((skip / most + 1))" || true).png
      chrome $scheme $width $((height - skip < most ? height - skip : most)) --screenshot="$file" \
        "file://$work/frame_$width.html?skip=$skip"
    done
  done
done
chrome light 1280 900 --no-pdf-header-footer --print-to-pdf="$folder/$name.pdf" "file://$report"
if grep 'CONSOLE' "$work/messages" >&2; then
  failed=1
fi
echo "pictures: $folder/${name}_*.png, $folder/$name.pdf"
exit $failed
