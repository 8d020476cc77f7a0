/* notify.h - status for the service manager: the protocol of sd_notify(3)
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* Send STATE ("READY=1") to the socket in NOTIFY_SOCKET. Does nothing if it is
 * not set or has no listener. Any thread. */
void
notify(const char *state);

#endif
