/* compiled.c - what sdrctl compile has written, as Exim sees it
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/check.h"
#include "config/compiled.h"

void
report_compiled(const struct sdr_config *config, enum check_result *worst)
{
    struct sdr_config *compiled;
    struct sdr_error error = {"no memory"};

    enum sdr_status status = sdr_compiled_read(&compiled, config->path, &error);

    if (status == SDR_OK)
        report_finding(worst, CHECK_OK, "compiled", NULL,
                       "%s" SDR_COMPILED_SUFFIX " is made from %s",
                       config->path, config->path);
    else if (status == SDR_NOTFOUND)
        report_finding(worst, CHECK_OK, "compiled", NULL,
                       "%s is not compiled: sdrctl compile makes Exim's first "
                       "answers faster",
                       config->path);
    else
        report_finding(worst, CHECK_DOUBTFUL, "compiled",
                       "run sdrctl compile, or remove it",
                       "Exim does not use %s", error.text);
    sdr_config_free(&compiled);
}
