#!/bin/sh
# test_tree.sh - who may know what, and that words and code agree
# SPDX-License-Identifier: BSD-2-Clause
#
# $srcdir is the source tree, $builddir the build tree.
set -u
cd "${srcdir:?}" || exit 99
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# refuse WHAT: standard input must be empty. At the end of a pipe it runs in a
# process of its own, so that only a file can tell of it.
refuse() {
    found=$(cat)
    [ -z "$found" ] && return
    printf 'FAILED: %s\n%s\n' "$1" "$found"
    : >"$work/failed"
}

# same WHAT A B: two files with one line each must be equal
same() {
    diff "$2" "$3" | refuse "$1"
}

sources() {
    for folder in common milter sdrctl exim-dlfunc sync daemon; do
        [ -d "$folder" ] && find "$folder" -name '*.[ch]'
    done | sort
}

# --- the test itself

echo '(a trial)' | refuse 'a finding at the end of a pipe is noticed' >/dev/null
rm "$work/failed" || exit 1
for file in common/option.c man/sdr.conf.5 doc/sdr.conf "${builddir:?}/common/.libs/libsdr.so"; do
    [ -s "$file" ] || echo "$file" | refuse 'is missing'
done

# --- who may know what

sources | grep -v '^milter/' | xargs grep -nE '#include *[<"](libmilter/|.*mfapi)' |
    refuse 'the milter protocol is known to milter/ alone'
sources | grep -v '^exim-dlfunc/' | xargs grep -nE '#include *[<"].*local_scan\.h' |
    refuse "Exim's local_scan.h is known to exim-dlfunc/ alone"
sources | xargs grep -nE '#include *"[^"]*/' | refuse 'no header of another folder'
faces='milter sdrctl exim-dlfunc sync'
for face in $faces; do
    for other in $faces; do
        [ "$face" != "$other" ] && [ -d "$face" ] && [ -d "$other" ] || continue
        for header in "$other"/*.h; do
            name=$(basename "$header")
            [ -e "$face/$name" ] || grep -n "#include \"$name\"" "$face"/*.[ch]
        done
    done
done | refuse 'faces never know each other'

# --- what a library must not do

grep -nE '\b(printf|puts|putchar|perror|exit|_exit|abort|pthread_create|signal|sigaction|setenv|getenv|putenv|chdir|setlocale|umask)\(|\b(stdout|stderr)\b' common/*.[ch] |
    refuse 'common/ never prints, exits, starts threads, or touches what is global'

# --- what is exported

cat common/*.h | tr '\n' ' ' | grep -oE 'SDR_PUBLIC[^;{]*;' |
    grep -oE '\bsdr_[a-z_]+ *\(' | tr -d ' (' | sort -u >"$work/public"
nm -D --defined-only "${builddir:?}/common/.libs/libsdr.so" | awk '$2 ~ /[TDBR]/ { print $3 }' |
    grep -v '^__' | sort -u >"$work/exported"
[ -s "$work/public" ] || echo none | refuse 'nothing is public?'
same 'libsdr.so exports what the headers call public' "$work/public" "$work/exported"

# --- words and code

grep -oE '^    \{"[a-z]*", "[a-z-]+"' common/option.c | sed 's/.*", "//; s/"//' | sort >"$work/options"
grep -oE '^\.It Ic [a-z-]+' man/sdr.conf.5 | sed 's/.* //' | sort >"$work/manual"
grep -oE '^#?[a-z-]+ = ' doc/sdr.conf | tr -d '#= ' | sort -u >"$work/example"
sort -u "$work/options" >"$work/names"
[ -s "$work/options" ] || echo none | refuse 'no option in the table?'
same 'sdr.conf(5) has the options of the table' "$work/options" "$work/manual"
same 'doc/sdr.conf has the options of the table' "$work/names" "$work/example"

# --- one version

sed -n 's/^AC_INIT(\[sdr\], \[\(.*\)\])$/\1/p' configure.ac >"$work/version"
sed -n 's/^#define SDR_VERSION "\(.*\)"$/\1/p' common/sdr.h >"$work/header"
sed -n '1s/^sdr (\(.*\)) .*/\1/p' debian/changelog >"$work/changelog"
[ -s "$work/version" ] || echo none | refuse 'no version?'
same 'sdr.h has the version of configure.ac' "$work/version" "$work/header"
same 'debian/changelog has the version of configure.ac' "$work/version" "$work/changelog"

# --- every file says its licence, or REUSE.toml does

# A tarball has built files besides: there the repository has been looked at.
if [ -e .git ] && command -v git >/dev/null; then
    git -c safe.directory='*' ls-files >"$work/tracked"
    [ -s "$work/tracked" ] || echo none | refuse 'no file is tracked?'
else
    : >"$work/tracked"
fi
sed -n 's/^  "\(.*\)",$/\1/p' REUSE.toml >"$work/covered"
[ -s "$work/covered" ] || echo none | refuse 'REUSE.toml covers nothing?'
while read -r file; do
    head -n 25 "$file" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' && continue
    case $file in LICENSE | LICENSES/*) continue ;; esac
    while read -r pattern; do
        # shellcheck disable=SC2254 # a pattern
        case $file in $pattern) continue 2 ;; esac
    done <"$work/covered"
    echo "$file"
done <"$work/tracked" | refuse 'every file names its licence'
same 'LICENSES/ has the licence' LICENSE LICENSES/BSD-2-Clause.txt

[ ! -e "$work/failed" ]
