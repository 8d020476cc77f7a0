/* copyname.c - see copyname.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "copyname.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "net/inet.h"
#include "say.h"

#define PREFIX "sdr-copy."

/* The MAC is HMAC-SHA256; its first 128 bits are in the name. */
enum { KEY_LEN = 32, MAC_LEN = 32, MAC_USED = 16 };

static unsigned char key[KEY_LEN];
static bool has_key;

/* ---- the key ---- */

/* Read the key. Rejects a file that another user owns or can access. */
static bool
read_key(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    bool ok;

    if (fd < 0)
        return false;
    ok = fstat(fd, &info) == 0 && S_ISREG(info.st_mode)
         && info.st_uid == geteuid() && (info.st_mode & 077) == 0
         && info.st_size == KEY_LEN && read(fd, key, KEY_LEN) == KEY_LEN;
    close(fd);
    return ok;
}

static bool
make_key(const char *path)
{
    int fd;
    bool ok;

    if (getrandom(key, KEY_LEN, 0) != KEY_LEN
        || (unlink(path) < 0 && errno != ENOENT))
        return false;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    ok = write(fd, key, KEY_LEN) == KEY_LEN;
    return close(fd) == 0 && ok;
}

bool
copyname_start(const struct sdr_milter_options *options)
{
    char file[PATH_MAX];

    if (options->key_file == NULL && sdr_is_inet(options->map_socket))
        return true;
    if (options->key_file != NULL)
        snprintf(file, sizeof file, "%s", options->key_file);
    else
        snprintf(file, sizeof file, "%s.key", options->map_socket);
    has_key = read_key(file) || make_key(file);
    if (!has_key)
        say(LOG_ERR, "%s: cannot make this file: %s", file, strerror(errno));
    return has_key;
}

bool
copyname_has_key(void)
{
    return has_key;
}

/* ---- the name ---- */

/* Returns true for characters that are kept: lower case, and no operators of
 * Sendmail except the dot. */
static bool
is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
           || c == '.';
}

static bool
encode(const char *text, char *out, size_t size)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        if (n + 4 > size)
            return false;
        if (is_plain(*text))
            out[n++] = *text;
        else
            n += (size_t)snprintf(out + n, 4, "=%02x", (unsigned char)*text);
    }
    out[n] = '\0';
    return true;
}

/* Decode a name. Accepts more than encode() writes; the MAC detects the
 * difference. */
static bool
decode(const char *text, char *out, size_t size)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        unsigned octet = (unsigned char)*text;

        if (n + 1 >= size)
            return false;
        if (octet == '=') {
            if (sscanf(text + 1, "%2x", &octet) != 1 || text[1] == '\0'
                || text[2] == '\0')
                return false;
            text += 2;
        }
        out[n++] = (char)octet;
    }
    out[n] = '\0';
    return true;
}

/* Write the MAC of the address in hexadecimal digits. The prefix separates it
 * from other uses of the key. */
static bool
write_mac(const char *address, char *out)
{
    char text[sizeof PREFIX + SDR_ADDRESS_MAX];
    unsigned char mac[MAC_LEN];
    int len = snprintf(text, sizeof text, PREFIX "%s", address);

    if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, KEY_LEN, text, (size_t)len,
                         mac)
        != 0)
        return false;
    for (unsigned i = 0; i < MAC_USED; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", mac[i]);
    return true;
}

bool
copyname_write(const struct sdr_address *mailbox, char name[COPYNAME_MAX + 1])
{
    char address[SDR_ADDRESS_MAX + 1];
    char *mac = name + sizeof PREFIX - 1;
    char *rest = mac + (size_t)2 * MAC_USED;

    sdr_address_format(mailbox, address, sizeof address);
    memcpy(name, PREFIX, sizeof PREFIX - 1);
    if (!has_key || !write_mac(address, mac))
        return false;
    *rest++ = '.';
    return encode(address, rest, (size_t)(name + COPYNAME_MAX + 1 - rest));
}

/* Compare two names in constant time. */
static bool
same_name(const char *a, const char *b)
{
    size_t len = strlen(a);

    return strlen(b) == len && gnutls_memcmp(a, b, len) == 0;
}

bool
copyname_read(const char *name, struct sdr_address *mailbox)
{
    char lower[COPYNAME_MAX + 1], right[COPYNAME_MAX + 1];
    char address[SDR_ADDRESS_MAX + 1];
    size_t head = sizeof PREFIX + (size_t)2 * MAC_USED, len = strlen(name);

    if (len <= head || len > COPYNAME_MAX
        || strncasecmp(name, PREFIX, sizeof PREFIX - 1) != 0)
        return false;
    for (size_t i = 0; i <= len; i++)
        lower[i] =
            name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
    return decode(lower + head, address, sizeof address)
           && sdr_address_parse(mailbox, address) == SDR_OK
           && copyname_write(mailbox, right) && same_name(right, lower);
}
