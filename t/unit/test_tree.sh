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
for file in common/config/option.c man/sdr.conf.5 doc/sdr.conf "${builddir:?}/common/.libs/libsdr.so"; do
    [ -s "$file" ] || echo "$file" | refuse 'is missing'
done

# --- who may know what

sources | grep -v '^milter/' | xargs grep -nE '#include *[<"](libmilter/|.*mfapi)' |
    refuse 'the milter protocol is known to milter/ alone'
sources | grep -v '^exim-dlfunc/' | xargs grep -nE '#include *[<"].*local_scan\.h' |
    refuse "Exim's local_scan.h is known to exim-dlfunc/ alone"

# The folder that "x/y.h" in a file of FOLDER is in.
folder_of() {
    for place in "$1" "${1%%/*}" daemon common; do
        [ -e "$place/$2" ] && dirname "$place/$2" && return
    done
    echo "nowhere ($2)"
}

# Which folder may include which others of the project, beside itself. Data
# flows one way: recipient, address, look-up, decision, verdict.
cat >"$work/allowed" <<'EOT'
common
common/net           common
common/config        common common/net common/decision
common/decision      common common/config common/ldap common/replica
common/ldap          common common/config common/decision common/net common/replica
common/ldif          common common/config common/decision common/ldap common/replica
common/replica       common common/config common/decision common/net
daemon               common common/config common/decision common/net
exim-dlfunc          common common/config common/decision common/ldap common/net common/replica
milter               common common/config common/decision common/net daemon
milter/protocol      common/net daemon milter
milter/libmilter     common/net daemon milter milter/protocol
sync                 common common/config common/ldap common/net common/replica daemon sync/source sync/store
sync/source          common common/config common/decision common/ldap common/ldif common/net common/replica daemon sync/store
sync/store           common common/config common/decision common/replica
sdrctl               common common/config common/decision common/ldap common/net common/replica
sdrctl/net           common common/config common/decision common/ldap common/net
sdrctl/change        common common/config common/decision common/ldap common/ldif common/net common/replica sdrctl sdrctl/net
sdrctl/check         common common/config common/decision common/ldap common/ldif common/net sdrctl sdrctl/check/mta sdrctl/net
sdrctl/check/mta     common common/net sdrctl sdrctl/check sdrctl/net
sdrctl/diff          common common/config common/decision common/ldif common/replica sdrctl sdrctl/change sdrctl/verify
sdrctl/export        common common/config common/decision common/ldap common/replica sdrctl sdrctl/change
sdrctl/plan          common common/config common/decision sdrctl sdrctl/change sdrctl/net
sdrctl/report        common common/config common/decision common/ldap sdrctl sdrctl/change
sdrctl/verify        common common/config common/decision common/ldap common/ldif common/net common/replica sdrctl sdrctl/change sdrctl/net
sdrctl/show          common common/config common/decision common/ldap common/ldif common/replica sdrctl
EOT
sources | xargs grep -oE '^#include "[^"]+"' | sed 's/:#include / /; s/"//g' |
    sed -E 's#/[^/ ]+ # #' | sort -u | while read -r from header; do
        to=$(folder_of "$from" "$header")
        [ "$from" = "$to" ] || awk -v from="$from" -v to="$to" '$1 == from {
            for (i = 2; i <= NF; i++) if ($i == to) found = 1
        } END { exit !found }' "$work/allowed" || echo "$from includes $to"
    done | refuse 'folders include only those that they may'

grep -lE '^#include "(ldap|replica)/' common/decision/*.[ch] |
    grep -vE '/(source|sdr)\.[ch]$|/profile\.h$' |
    refuse 'a decision needs neither servers nor a file, but for source, sdr and the groups of profile'

# "a b" for each file a, without its ending, that includes b.
sources | xargs awk '
    BEGIN { for (i = 1; i < ARGC; i++) known[ARGV[i]] = 1 }
    /^#include "/ {
        split($0, part, "\"")
        folder = product = FILENAME
        sub(/\/[^\/]*$/, "", folder)
        sub(/\/.*/, "", product)
        split(folder " " product " daemon common", places, " ")
        for (i = 1; i <= 4; i++) {
            from = FILENAME
            to = places[i] "/" part[2]
            if (to in known) {
                gsub(/\.[ch]$/, "", from)
                gsub(/\.[ch]$/, "", to)
                if (from != to)
                    print from, to
                break
            }
        }
    }' >"$work/edges"
[ -s "$work/edges" ] || echo none | refuse 'no file includes another?'
tsort "$work/edges" 2>&1 >/dev/null | refuse 'no circle between files'

# "a b" for each file a that uses a function or a table of b: of its own
# product, else of daemon or common. Only exim-sdr knows Exim's header, so that
# what runs in Exim's process logs through it.
sources | sed 's/\.[ch]$//' | sort -u >"$work/files"
(cd "$builddir" && find common milter sdrctl exim-dlfunc sync daemon -name '*.o' -exec nm -A {} +) |
    sed -nE 's#^([^:]*/)[^-:/]*-([^:/]*)\.o:.* ([TDBRU]) ([a-z_0-9]+)$#\1\2 \3 \4#p' |
    sed 's#/\.libs/#/#' | sort -u >"$work/symbols"
awk '
    FILENAME ~ /files$/ { known[$1] = 1; next }
    !($1 in known) { next } # built from a file that is gone
    { product = $1; sub(/\/.*/, "", product) }
    $2 != "U" { at[product, $3] = $1; next }
    { user[++uses] = $1; used[uses] = $3 }
    END {
        for (use = 1; use <= uses; use++) {
            from = product = user[use]
            sub(/\/.*/, "", product)
            split(product " daemon common", places, " ")
            for (i = 1; i <= 3; i++) {
                to = at[places[i], used[use]]
                if (to != "" && to != from)
                    print from, to
                if (to != "")
                    break
            }
        }
    }' "$work/files" "$work/symbols" | sort -u >"$work/calls"
[ -s "$work/calls" ] || echo none | refuse 'no file calls another?'
grep -v '^exim-dlfunc/process exim-dlfunc/exim-sdr$' "$work/calls" | tsort 2>&1 >/dev/null |
    refuse 'no circle between files by what they call'

# --- what a library must not do

grep -nE '\b(printf|puts|putchar|perror|exit|_exit|abort|pthread_create|signal|sigaction|setenv|getenv|putenv|chdir|setlocale|umask)\(|\b(stdout|stderr)\b' $(find common -name '*.[ch]') |
    refuse 'common/ never prints, exits, starts threads, or touches what is global'

# --- what is exported

find common -name '*.h' -exec cat {} + | tr '\n' ' ' | grep -oE 'SDR_PUBLIC[^;{]*;' |
    grep -oE '\bsdr_[a-z_]+ *\(' | tr -d ' (' | sort -u >"$work/public"
nm -D --defined-only "${builddir:?}/common/.libs/libsdr.so" | awk '$2 ~ /[TDBR]/ { print $3 }' |
    grep -v '^__' | sort -u >"$work/exported"
[ -s "$work/public" ] || echo none | refuse 'nothing is public?'
same 'libsdr.so exports what the headers call public' "$work/public" "$work/exported"

# --- words and code

grep -oE '^    \{"[a-z]*", "[a-z-]+"' common/config/option.c | sed 's/.*", "//; s/"//' | sort >"$work/options"
grep -oE '^\.It Ic [a-z-]+' man/sdr.conf.5 | sed 's/.* //' | sort >"$work/manual"
grep -oE '^#?[a-z-]+ = ' doc/sdr.conf | tr -d '#= ' | sort -u >"$work/example"
sort -u "$work/options" >"$work/names"
[ -s "$work/options" ] || echo none | refuse 'no option in the table?'
same 'sdr.conf(5) has the options of the table' "$work/options" "$work/manual"
same 'doc/sdr.conf has the options of the table' "$work/names" "$work/example"

# --- one word for one thing, and that the field's

# Not in names, comments, messages, manuals, documents or tests. What was called a tour is failover,
# a witness a known address, a visit a directory check; a server reports, an entry
# is not found, mail is temporarily refused. Ordinary English, and so not here:
# place, seen, home, here, alive, numbers, content, grow, trust, handle, wire.
# "Rights" only as the control Get Effective Rights and as access rights.
banned="tours?|surveys?|visits?|visited|witness(es)?|guests?|tells?|telling|told|untold|nobody's"
banned="$banned|dial(s|ed|led|ling)?|intake|put off|puts off|mend(s|ed|ing)?|besides|meanwhile|knows? nothing of|who comes"
worded='common daemon doc exim-dlfunc ldap-schema man milter sdrctl sync t
CONTRIBUTING.md NEWS README.md'

# other_words: the lines of standard input, FILE:LINE:TEXT, that have such a
# word, also as a part of a name: MTA_TOLD
other_words() {
    sed -E 's/(effective|access)[ _]rights//Ig' |
        grep -iE "(^|[^[:alnum:]])($banned|rights)([^[:alnum:]]|$)"
}

echo 'x.c:1:/* he is told of his rights */' | other_words | grep -q told ||
    echo 'a trial' | refuse 'other words are noticed'
echo 'x.c:1:    MTA_TOLD,' | other_words | grep -q TOLD ||
    echo 'a trial' | refuse 'other words are noticed in names'
# shellcheck disable=SC2086 # several
grep -rnI --exclude='*.log' '' $worded | grep -v '^t/unit/test_tree\.sh:' | other_words | refuse 'the words are those of the field'

# --- one version

sed -n 's/^AC_INIT(\[sdr\], \[\(.*\)\])$/\1/p' configure.ac >"$work/version"
sed -n 's/^#define SDR_VERSION "\(.*\)"$/\1/p' common/decision/sdr.h >"$work/header"
sed -n '1s/^sdr (\(.*\)-[0-9a-z]*) .*/\1/p' debian/changelog >"$work/changelog"
[ -s "$work/version" ] || echo none | refuse 'no version?'
same 'sdr.h has the version of configure.ac' "$work/version" "$work/header"
same 'debian/changelog has the version of configure.ac' "$work/version" "$work/changelog"

# --- every file says its licence, or REUSE.toml does

# A tarball has built files too: there the repository has been looked at.
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
