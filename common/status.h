/* status.h - the one set of answers that every sdr_ function gives
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A status says what kind of answer it is; a struct sdr_error, passed last,
 * carries the sentence for a human. Each level may put what it knows in front;
 * only the program on top logs it, once. Plain values: nothing to free, any
 * thread may use its own.
 */
#ifndef SDR_STATUS_H
#define SDR_STATUS_H

#define SDR_MUST_USE            __attribute__((warn_unused_result))
#define SDR_PRINTF(text, first) __attribute__((format(printf, text, first)))
/* What libsdr.so exports; everything else stays inside it. */
#define SDR_PUBLIC __attribute__((visibility("default")))

enum sdr_status {
    SDR_OK,       /* done, or found */
    SDR_NOTFOUND, /* a sure answer: there is none */
    SDR_TEMPFAIL, /* no answer now: the caller may try again */
    SDR_INVALID,  /* the input can never have an answer */
    SDR_CONFIG,   /* the configuration is wrong */
};

/* A sentence without a final dot or line feed; "" if there is none. */
struct sdr_error {
    char text[512];
};

/* The status in one word, for logs: "ok", "none", "not-now", ... */
SDR_PUBLIC const char *
sdr_status_name(enum sdr_status status);

/* The status as an exit code of <sysexits.h>: 0, 67, 75, 65 or 78. */
SDR_PUBLIC int
sdr_status_exit(enum sdr_status status);

/* Write the sentence, cut if it is too long. A NULL error is ignored. */
SDR_PRINTF(2, 3)
void
sdr_error_set(struct sdr_error *error, const char *format, ...);

/* Put "PREFIX: " before the sentence that is there. A NULL error is ignored. */
SDR_PRINTF(2, 3)
void
sdr_error_prefix(struct sdr_error *error, const char *format, ...);

#endif
