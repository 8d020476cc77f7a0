/* usage.c - see usage.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "usage.h"

#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sysexits.h>

#include "config/config.h"
#include "log.h"

/* clang-format off */
#define JSON \
    "  --json                    write one JSON object per line\n"
#define ADDRESSES \
    "  --file BATCH              take the addresses in this file, - is standard input\n" \
    "  --filter FILTER           take all entries that match, such as '(title=x)'\n"
#define WHOM ADDRESSES \
    "  --skip-done               skip what is done already\n"
#define WRITER \
    "  -n, --dry-run             print the changes as LDIF and change nothing\n" \
    "  --wait                    wait until the replica has the changes\n" \
    "  -D, --bind-dn DN          the administrator's account\n" \
    "  -y, --password-file FILE  a file with its password\n" \
    "  --gssapi                  use your Kerberos ticket\n" \
    "  --external                bind as the user of this process, over ldapi://\n" \
    JSON \
    "  -q, --quiet               print only what was not done\n"
#define NETWORK \
    "  --here ADDRESS            another address of this host; repeatable\n" \
    "  --resolver ADDRESS[:PORT] the name server (default: /etc/resolv.conf)\n" \
    "  --port PORT               the SMTP port of other sites (default 25)\n" \
    "  --timeout SECONDS         how long to wait for each reply (default 10)\n" \
    "  --tls-ca-file FILE        the CA certificates (default: the system's)\n"

static const struct {
    const char *name, *arguments, *help, *options;
} commands[] = {
    {"route", "[OPTION...] ADDRESS... | -",
     "show where mail for each address goes, and why",
     "  -                         read the addresses from standard input\n"
     "  --explain                 show each step of the decision\n" JSON},
    {"show", "[--json] ADDRESS...",
     "show the entries of each address in the directories now", JSON},
    {"report", "[OPTION...] [DIRECTORY...]",
     "count the recipients of each site, and list faulty entries",
     "  --live                    read the directories, not the replica\n"
     "  --csv                     write CSV\n"
     "  --json                    write one JSON object\n"
     "  --html                    write a web page\n"},
    {"check",
     "[OPTION...] [configuration | dns | directory [DIRECTORY...] |\n"
     "      replica [DIRECTORY...] | sites [SITE...] |\n"
     "      mta [postfix | sendmail | exim]...]",
     "check everything that routing depends on, and suggest fixes",
     JSON
     "  --nagios                  write one line for Nagios or Icinga, exit with 0 to 3\n"
     "  -q, --quiet               omit what is ok\n" NETWORK
     "  --postfix-config FOLDER   another instance of Postfix\n"
     "  --sendmail-cf FILE        another configuration of Sendmail\n"
     "  --exim-config FILE        another configuration of Exim\n"},
    {"verify",
     "[OPTION...] ADDRESS... | --file BATCH | --filter FILTER | --all",
     "ask all sites over SMTP which mailboxes they have",
     ADDRESSES
     "  --all                     take all addresses in the directories\n"
     "  --site SITE               ask only this site; repeatable\n"
     "  --at SITE=HOST[:PORT]     ask this host of the site; repeatable\n"
     "  --rate NUMBER             recipients a second, at most (default 100)\n"
     "  --retries NUMBER          how often to ask again if an answer is temporary (default 2)\n"
     "  --retry-after SECONDS     how long to wait before that (default 60)\n"
     "  --csv                     write CSV\n" JSON NETWORK},
    {"diff",
     "--config NEW.conf | --ldif NEW.ldif | --batch BATCH --to SITE\n"
     "      [OPTION...] [RECIPIENTS | --from-log FILE]",
     "show whose mail would go elsewhere after a change",
     "  --config NEW.conf         the change: another configuration\n"
     "  --ldif NEW.ldif           the change: another file for the directory\n"
     "  --batch BATCH             the change: the addresses in this file move\n"
     "  --to SITE                 their new owner\n"
     "  --from-log FILE           take the recipients in the log of a mail server\n"
     "  --csv                     write CSV\n" JSON},
    {"move", "--to SITE [OPTION...] ADDRESS... | --file BATCH |\n"
     "      --filter FILTER",
     "make a site the owner of mailboxes",
     "  --to SITE                 the new owner\n"
     "  --from SITE               require that all mailboxes are there now\n"
     "  --add                     make the site an additional owner\n"
     "  --verify                  first ask the site whether it accepts the mail\n"
     WHOM WRITER NETWORK},
    {"hold", "[OPTION...] ADDRESS... | --file BATCH | --filter FILTER",
     "defer mail for mailboxes while they are copied", WHOM WRITER},
    {"release", "[OPTION...] ADDRESS... | --file BATCH | --filter FILTER",
     "accept mail for held mailboxes again", WHOM WRITER},
    {"undo", "[OPTION...] JOURNAL",
     "undo a run of move, hold, release or undo", WRITER},
    {"history", "[--json] [ADDRESS]", "list who changed what, and when", JSON},
    {"plan", "[OPTION...] FILE",
     "move mailboxes in waves, step by step",
     "  --status                  show how far each wave is\n"
     "  --undo WAVE               take this wave back\n"
     "  --repeat                  run the interrupted command again, or begin the\n"
     "                            wave that was undone anew\n"
     "  --accept                  go on as if what has stopped the plan were done\n"
     "  -n, --dry-run             check the plan and print its steps\n"
     "  -D, --bind-dn DN          the administrator's account\n"
     "  -y, --password-file FILE  a file with its password\n"
     "  --gssapi                  use your Kerberos ticket\n"
     "  --external                bind as the user of this process, over ldapi://\n"
     "  --at SITE=HOST[:PORT]     ask this host of the site, for the proof; repeatable\n"
     "  --rate NUMBER             recipients a second, for the proof (default 100)\n"
     "  --retries NUMBER          how often to ask again, for the proof (default 2)\n"
     "  --retry-after SECONDS     how long to wait before that (default 60)\n"
     "  --json                    with --status: write one JSON object per line\n"
     "  -q, --quiet               print only what was not done\n"
     "  -v, --verbose             print a line for each mailbox\n" NETWORK
     "\nFILE has a section for each wave. Only recipients and to are required:\n\n"
     "  [wave NAME]\n"
     "  recipients = FILE         one address per line, or CSV\n"
     "  to = SITE                 the new owner\n"
     "  from = SITE               the owner now\n"
     "  start = YYYY-MM-DD HH:MM  when the wave begins, in local time\n"
     "  hold = yes | no           defer mail until the wave is done (default yes)\n"
     "  command = PROGRAM ARG...  run this before the move; the environment variable\n"
     "                            SDR_RECIPIENTS has the path of the recipients\n"
     "  verify = yes | before | no\n"
     "                            ask the sites before and after the move (default yes)\n"},
    {"export", "--for FORMAT [--site SITE] [--since JOURNAL]",
     "print what a mail system without sdr must know",
     "  --for FORMAT              csv, postfix, exim, cpanel, exchange or google\n"
     "  --site SITE               the site of that system (default: this-site)\n"
     "  --since JOURNAL           only what this run of move, hold, release or undo\n"
     "                            has changed\n"},
    {"sync", "status [--json] [DIRECTORY...]",
     "show the state of the replica, and what it means for mail", JSON},
    {"sync", "accept [DIRECTORY...]",
     "accept the losses and moves that sdr-sync holds back", ""},
    {"dump", "[--json] [DIRECTORY...]", "print the content of the replica",
     JSON},
    {"compile", "", "write the configuration in a form that Exim reads quickly",
     ""},
};
/* clang-format on */
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

/* ---- suggestions ---- */

static char program[USAGE_WORD_SIZE + 16] = "sdrctl";

const char *
usage_word(char *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
    char *at = out, *last = out + USAGE_WORD_SIZE - sizeof "'\\'''";

    if (text[0] != '\0' && text[strspn(text, plain)] == '\0') {
        snprintf(out, USAGE_WORD_SIZE, "%s", text);
        return out;
    }
    *at++ = '\'';
    for (; *text != '\0' && at < last; text++) {
        if (*text == '\'')
            at = stpcpy(at, "'\\''");
        else
            *at++ = *text;
    }
    stpcpy(at, "'");
    return out;
}

void
usage_set_config(const char *path)
{
    char word[USAGE_WORD_SIZE];

    snprintf(program, sizeof program, "sdrctl -c %s", usage_word(word, path));
}

const char *
usage_program(void)
{
    return program;
}

/* ---- help ---- */

void
print_usage(FILE *out)
{
    fputs("usage: sdrctl [-c FILE] COMMAND ...\n\ncommands:\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %s %s\n      %s\n", commands[i].name,
                commands[i].arguments, commands[i].help);
    fputs(
        "\n"
        "  -c, --config FILE  the configuration file (default " SDR_CONFIG_PATH
        ")\n"
        "  -h, --help         show this help; after a command, its options\n"
        "  -V, --version      show the version\n"
        "\n"
        "Exit codes: 0 success, 1 differences, 64 usage error, 65 error in the "
        "input,\n"
        "66 no such journal, 67 no entry with an address, 74 the result or a "
        "journal\n"
        "could not be written, 75 temporary failure, 77 permission denied, 78\n"
        "configuration error or WRONG finding.\n"
        "See sdrctl(8).\n",
        out);
}

void
print_command_usage(FILE *out, const char *command)
{
    const char *before = "usage:";

    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(command, commands[i].name) != 0)
            continue;
        fprintf(out, "%s sdrctl %s %s\n      %s\n", before, commands[i].name,
                commands[i].arguments, commands[i].help);
        before = "      ";
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(command, commands[i].name) == 0)
            fprintf(out, "%s%s", commands[i].options[0] != '\0' ? "\n" : "",
                    commands[i].options);
    }
}

int
usage_hint(const char *command)
{
    fprintf(stderr, "see 'sdrctl%s%s --help'\n", command[0] != '\0' ? " " : "",
            command);
    return EX_USAGE;
}

int
usage_error(const char *command, const char *format, ...)
{
    char text[1024], clean[sizeof text];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    if (text[0] != '\0')
        fprintf(stderr, "sdrctl%s%s: %s\n", command[0] != '\0' ? " " : "",
                command, clean);
    return usage_hint(command);
}

bool
read_json_option(int argc, char **argv, const char *command, bool *as_json)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int c;

    *as_json = false;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?') {
            usage_hint(command);
            return false;
        }
        *as_json = true;
    }
    return true;
}
