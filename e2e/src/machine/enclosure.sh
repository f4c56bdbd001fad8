# First process of an enclosed machine: gives it its own /run, /var, /etc, /proc and network, so
# that servers use their usual paths and ports and touch nothing of the machine around it.
#   $1  the machine's folder
#   $2  host name
set -e
folder=$1
trap 'touch "$folder/enclosure.failed"' EXIT

# Our process id as the machine around us sees it: /proc is still the outer one.
read -r pid _ </proc/self/stat
echo "$pid" >"$folder/enclosure.pid"

inner=$folder/inner
mkdir -p "$inner/run/lock" "$inner/var/lib" "$inner/var/log" "$inner/var/cache" \
    "$inner/etc" "$inner/etc.work" "$inner/var/tmp"
chmod 1777 "$inner/var/tmp" "$inner/run/lock"
ln -s /run "$inner/var/run"
ln -s /run/lock "$inner/var/lock"
mount --bind "$inner/run" /run
mount --bind "$inner/var" /var
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$inner/etc,workdir=$inner/etc.work" /etc
mount -t proc proc /proc
# The kubelet's volumes must reach containers that are already running.
mount --make-rshared /

hostname "$2"
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward

# A node address must not be loopback, and not every kernel has a `dummy` device: a pair of
# virtual cables with both ends in here serves as the network card.
ip link add host0 type veth peer name host1
ip address add 192.0.2.1/24 dev host0
ip link set host0 up
ip link set host1 up

touch "$folder/enclosure.ready"
trap - EXIT
# With SIGCHLD ignored the kernel itself removes orphans that end in here.
trap '' CHLD
exec sleep infinity
