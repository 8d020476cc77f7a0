# chroot.sh - what a Debian that debootstrap has made lacks before programs run in it, apt among them
# SPDX-License-Identifier: BSD-2-Clause

# prepare ROOT: in a mount namespace of its own
prepare() {
	mount --make-rprivate /
	mount -t proc proc "$1/proc"
	for device in null zero full random urandom tty; do
		test -e "$1/dev/$device" || : >"$1/dev/$device"
		mount --bind "/dev/$device" "$1/dev/$device"
	done
	cp /etc/resolv.conf "$1/etc/resolv.conf"
	# Proxies, above all. Other files there belong to packages.
	apt-config dump Acquire >"$1/etc/apt/apt.conf.d/outside"
	# Nothing starts while it is installed.
	printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
	chmod 755 "$1/usr/sbin/policy-rc.d"
	echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/unsafe"
}

# restore ROOT: as debootstrap has made it, but for what has been installed
restore() {
	rm "$1/etc/apt/apt.conf.d/outside" "$1/usr/sbin/policy-rc.d" "$1/etc/dpkg/dpkg.cfg.d/unsafe"
}
