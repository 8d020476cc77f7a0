/* constants.h - the numbers of the milter protocol, versions 2 to 6
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * With the names that every milter uses (Sendmail's libmilter/mfdef.h). Those
 * that we neither send nor read are omitted.
 */
#ifndef SDR_MILTER_PROTOCOL_CONSTANTS_H
#define SDR_MILTER_PROTOCOL_CONSTANTS_H

/* Commands of the MTA. */
enum {
    SMFIC_ABORT = 'A',
    SMFIC_BODY = 'B',
    SMFIC_CONNECT = 'C',
    SMFIC_MACRO = 'D',
    SMFIC_BODYEOB = 'E',
    SMFIC_HELO = 'H',
    SMFIC_QUIT_NC = 'K', /* another session follows on this connection */
    SMFIC_HEADER = 'L',
    SMFIC_MAIL = 'M',
    SMFIC_EOH = 'N',
    SMFIC_OPTNEG = 'O',
    SMFIC_QUIT = 'Q',
    SMFIC_RCPT = 'R',
    SMFIC_DATA = 'T',
    SMFIC_UNKNOWN = 'U',
};

/* Edits and replies to the MTA. */
enum {
    SMFIR_ADDRCPT = '+',
    SMFIR_DELRCPT = '-',
    SMFIR_ADDRCPT_PAR = '2', /* with ESMTP parameters */
    SMFIR_ADDHEADER = 'h',
    SMFIR_CONTINUE = 'c',
    SMFIR_TEMPFAIL = 't',
    SMFIR_REPLYCODE = 'y',
};

/* Actions that the MTA may allow. */
enum {
    SMFIF_ADDHDRS = 0x001,
    SMFIF_ADDRCPT = 0x004,
    SMFIF_DELRCPT = 0x008,
    SMFIF_ADDRCPT_PAR = 0x080,
    SMFIF_SETSYMLIST = 0x100,
    SMFI_V1_ACTS = 0x00f,
    SMFI_V2_ACTS = 0x03f,
    SMFI_CURR_ACTS = 0x1ff,
};

/* Steps that the MTA may skip (NO), or after which it may not wait for a reply
 * (NR). */
enum {
    SMFIP_NOCONNECT = 0x000001,
    SMFIP_NOHELO = 0x000002,
    SMFIP_NOMAIL = 0x000004,
    SMFIP_NORCPT = 0x000008,
    SMFIP_NOBODY = 0x000010,
    SMFIP_NOHDRS = 0x000020,
    SMFIP_NOEOH = 0x000040,
    SMFIP_NOUNKNOWN = 0x000100,
    SMFIP_NODATA = 0x000200,
    SMFIP_NR_HDR = 0x000080,
    SMFIP_NR_CONN = 0x001000,
    SMFIP_NR_HELO = 0x002000,
    SMFIP_NR_MAIL = 0x004000,
    SMFIP_NR_RCPT = 0x008000,
    SMFIP_NR_DATA = 0x010000,
    SMFIP_NR_UNKN = 0x020000,
    SMFIP_NR_EOH = 0x040000,
    SMFIP_NR_BODY = 0x080000,
    SMFI_V1_PROT = 0x00003f,
    SMFI_V2_PROT = 0x00007f,
    SMFI_CURR_PROT = 0x1fffff,
};

/* The stage whose macros SMFIF_SETSYMLIST chooses. */
enum { SMFIM_ENVRCPT = 3 };

#endif
