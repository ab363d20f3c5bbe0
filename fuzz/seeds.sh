#!/bin/sh
# Fills corpus/ with the fixtures to start from, those under 20 kB. What a corpus already has stays.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/decode corpus/decode_halve_encode corpus/picture corpus/png corpus/spec

# A name that tells the fixtures' folders apart.
name() {
    echo "${1#../fixtures/}" | tr / _
}

find ../fixtures -name '*.jp*g' -not -path '*/dest/*' -size -20k | while read -r file; do
    cp "$file" "corpus/decode/$(name "$file")"
done
find ../fixtures -name '*.png' -not -path '*/dest/*' -size -20k | while read -r file; do
    cp "$file" "corpus/png/$(name "$file")"
done
find ../fixtures -name pyramid.json -not -path '*/dest/*' | while read -r file; do
    cp "$file" "corpus/spec/$(name "$file")"
done

# A byte that says how to read it, then the picture.
find ../fixtures \( -name '*.jp*g' -o -name '*.png' -o -name '*.tif*' \) -not -path '*/dest/*' -size -20k | while read -r file; do
    { printf '\007' && cat "$file"; } >"corpus/picture/$(name "$file")"
done
printf '\007P6\n2 2\n255\nabcdefghijkl' >corpus/picture/p6.ppm
printf '\007P2\n#x\n2 2\n9\n1 2 3 9' >corpus/picture/p2.pgm
printf '\007P4\n9 1\nab' >corpus/picture/p4.pbm
printf '\007P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\nabcd' >corpus/picture/p7.pam

# Four bytes of settings, then files with NEXT between them: quality 80 (O), the mean, each file in its own place
# (octal 344), two by two.
children() {
    target=corpus/decode_halve_encode/$1
    printf 'O\000\344\000' >"$target"
    shift
    cat "$1" >>"$target"
    shift
    for file; do
        { printf NEXT && cat "$file"; } >>"$target"
    done
}
odd=../fixtures/odd
for file in "$odd"/*.jpg; do
    children "$(basename "$file")" "$file"
done
children mixed "$odd/plain.jpg" "$odd/grey.jpg" "$odd/rgb_stored.jpg" "$odd/progressive.jpg"
children sampled "$odd/422.jpg" "$odd/444.jpg" "$odd/plain.jpg" "$odd/restart.jpg"
children grey "$odd/grey.jpg" "$odd/grey.jpg" "$odd/grey.jpg" "$odd/grey.jpg"
