/* receive.h - receiving with a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_PROTOCOL_RECEIVE_H
#define SDR_MILTER_PROTOCOL_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

/* Receive available data, up to LEN octets. Waits until DEADLINE (sdr_clock());
 * if that is 0, as long as the socket's timeout. Returns the number of octets;
 * 0 at the end of file, on an error or a timeout. */
size_t
receive(int fd, char *room, size_t len, int64_t deadline);

#endif
