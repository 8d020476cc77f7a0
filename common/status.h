/* status.h - the results and errors of all sdr_ functions
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A status is the kind of result. A struct sdr_error, the last parameter, holds
 * a sentence for people. Each level may add a prefix; only the program itself
 * logs the sentence, once. Both are plain values; each thread uses its own.
 */
#ifndef SDR_STATUS_H
#define SDR_STATUS_H

#define SDR_MUST_USE            __attribute__((warn_unused_result))
#define SDR_PRINTF(text, first) __attribute__((format(printf, text, first)))
/* Exported by libsdr.so; everything else is hidden. */
#define SDR_PUBLIC __attribute__((visibility("default")))

enum sdr_status {
    SDR_OK,       /* done, or found */
    SDR_NOTFOUND, /* certain: there is none */
    SDR_TEMPFAIL, /* no answer now: try again later */
    SDR_INVALID,  /* the input is not valid */
    SDR_CONFIG,   /* the configuration is wrong */
};

/* A sentence without a final full stop or line feed; "" means no error. */
struct sdr_error {
    char text[512];
};

/* Returns the status as one word for logs: "ok", "none", "not-now", "invalid"
 * or "misconfigured". A constant string. */
SDR_PUBLIC const char *
sdr_status_name(enum sdr_status status);

/* Returns the status as an exit code of <sysexits.h>, in the order of the enum:
 * 0, 67 (EX_NOUSER), 75 (EX_TEMPFAIL), 65 (EX_DATAERR) or 78 (EX_CONFIG). */
SDR_PUBLIC int
sdr_status_exit(enum sdr_status status);

/* Set the sentence, truncated if it is too long. Does nothing if ERROR is NULL.
 */
SDR_PRINTF(2, 3)
void
sdr_error_set(struct sdr_error *error, const char *format, ...);

/* Put "PREFIX: " before the sentence, truncated if it is too long. Does nothing
 * if ERROR is NULL. */
SDR_PRINTF(2, 3)
void
sdr_error_prefix(struct sdr_error *error, const char *format, ...);

#endif
