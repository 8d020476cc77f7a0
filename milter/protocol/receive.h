/* receive.h - octets from a peer that may be slow
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_PROTOCOL_RECEIVE_H
#define SDR_MILTER_PROTOCOL_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

/* Receive what there is, up to LEN octets. Waits until DEADLINE (sdr_clock()),
 * or if that is 0 as long as the socket does. Returns how many; 0 at the end of
 * the connection or of the wait. */
size_t
receive(int fd, char *room, size_t len, int64_t deadline);

#endif
