#!/bin/sh
# Makes a machine out of the one it runs on: its own files in a layer over this one's, its own
# processes, network and cgroups, and systemd as its first process. Nothing outside of it changes, and
# with its first process all of it is gone.
#
#   machine.sh FOLDER [KEEP…]   FOLDER is empty and gets the layer; each KEEP stays visible where it is
#
# Started by `unshare --cgroup --mount --pid --net --uts --ipc --fork`, in a cgroup of its own.

set -eu
folder=$1
shift
root=$folder/root

mount -t tmpfs tmpfs "$folder"
mkdir "$folder/changes" "$folder/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/changes,workdir=$folder/work" "$root"

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
touch "$root/dev/console"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for path in "$@"; do
  mkdir -p "$root$path"
  mount --bind "$path" "$root$path"
done

# What this machine starts by itself is none of ours; nor may it forbid what packages start or unpack.
rm -rf "$root"/etc/systemd/system/*.wants "$root/usr/sbin/policy-rc.d" "$root"/etc/dpkg/dpkg.cfg.d/*
mkdir -p "$root/etc/systemd/system"
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' \
  >"$root/etc/systemd/system/acra-test.target"
ip link set lo up

exec env -i container=acra-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  chroot "$root" /lib/systemd/systemd --system --unit=acra-test.target --show-status=0
