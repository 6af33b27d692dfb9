# Source this as root under `unshare --mount`: a copy of this machine's file system, in $copy, whose changes stay in
# memory and are gone at the end. systemd does not run in there, so the packages' way through an image is what is tried.
base=$(mktemp -d)
mount -t tmpfs tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
mount -t proc proc "$base/root/proc"
mount --bind /dev "$base/root/dev"
copy=$base/root
mkdir "$copy/packages"
# The system's own programs: this machine's PATH may name another device-health first.
inside() { chroot "$copy" env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
# What of the program lies anywhere that was written to.
left() { (cd "$base/upper" && find . \( -path ./packages -o -path ./var/lib/rpm -o -path ./var/log \) -prune -o ! -type c -name '*device-health*' -print | sort); }
