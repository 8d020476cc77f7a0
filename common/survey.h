/* survey.h - is a directory as the configuration thinks it is?
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Asks one server, step by step, what routing takes for granted, and says what
 * is missing and how to mend it. Changes nothing.
 */
#ifndef SDR_SURVEY_H
#define SDR_SURVEY_H

#include "config.h"
#include "status.h"

enum sdr_finding {
    SDR_FINE,
    SDR_DOUBTFUL, /* it works, but somebody should look */
    SDR_WRONG,    /* mail is deferred, or goes astray, until it is mended */
    SDR_SILENT    /* the server cannot be asked now */
};

struct sdr_survey {
    /* SUBJECT is a word or two; TEXT, a sentence, may hold text from the
     * directory; ADVICE is NULL if there is none. */
    void (*tell)(void *arg, enum sdr_finding finding, const char *subject,
                 const char *text, const char *advice);
    void *arg;
};

/* Look at the server number URI of the directory with this index. Each step has
 * the directory's timeout. Returns the worst finding. */
SDR_PUBLIC enum sdr_finding
sdr_survey(const struct sdr_config *config, unsigned directory, unsigned uri,
           const struct sdr_survey *survey);

#endif
