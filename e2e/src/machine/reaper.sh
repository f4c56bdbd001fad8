# Cleans up after one machine of the bench when the process that started it ends, however it
# ends: the kernel closes that process's end of our standard input even after SIGKILL.
#   $1  the machine's folder
#   $2  `here` or `enclosed`
#   $3  host name of an enclosed machine
# Lines read: `group N` and `forget N` (process groups on this machine), `keep` (keep the folder).
trap '' HUP INT TERM PIPE
folder=$1
name=$(basename "$folder")
groups=
keep=
enclosure=

if [ "$2" = enclosed ]; then
    setpriv --pdeathsig KILL \
        unshare --mount --net --pid --uts --fork --kill-child \
        sh "$folder/enclosure.sh" "$folder" "$3" </dev/null >"$folder/logs/enclosure.log" 2>&1 &
    enclosure=$!
fi

while read -r word value; do
    case $word in
        group) groups="$groups $value" ;;
        forget)
            left=
            for group in $groups; do
                [ "$group" = "$value" ] || left="$left $group"
            done
            groups=$left
            ;;
        keep) keep=yes ;;
    esac
done

# Nothing here is worth a graceful stop: the data goes too.
for group in $groups; do
    kill -s KILL -- "-$group" 2>/dev/null
done
for group in $groups; do
    tries=0
    # A dead process that nobody has waited for yet holds nothing: state Z.
    while grep -q -v ') Z' "/proc/$group/stat" 2>/dev/null && [ $tries -lt 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
done
if [ -n "$enclosure" ]; then
    init=$(cat "$folder/enclosure.pid" 2>/dev/null)
    # The first process of a process namespace takes all others with it, containers included,
    # and the last one takes the mounts and the network.
    [ -n "$init" ] && kill -s KILL "$init" 2>/dev/null
    kill -s KILL "$enclosure" 2>/dev/null
    # A paused container dies of that only once it goes on.
    find /sys/fs/cgroup -path "*/$name/*" -name freezer.state 2>/dev/null |
        while read -r state; do echo THAWED >"$state"; done
    find /sys/fs/cgroup -path "*/$name/*" -name cgroup.freeze 2>/dev/null |
        while read -r state; do echo 0 >"$state"; done
    wait "$enclosure" 2>/dev/null
    tries=0
    while [ -n "$init" ] && [ -e "/proc/$init" ] && [ $tries -lt 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
fi
# Docker's containers are in a control group of the machine's name. The kubelet cannot be told to
# do that on every system, so its containers' groups are found by their names.
tasks=$folder/inner/run/containerd/io.containerd.runtime.v2.task/k8s.io
for top in /sys/fs/cgroup "/sys/fs/cgroup/"*; do
    for task in "$tasks"/*; do
        rmdir "$top/k8s.io/$(basename "$task")" 2>/dev/null
    done
    if [ -d "$top/$name" ]; then
        find "$top/$name" -depth -type d -exec rmdir {} \; 2>/dev/null
    fi
done
[ -n "$keep" ] || rm -rf "$folder"
