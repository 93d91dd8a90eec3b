#!/bin/bash
# Runs in the guest as process 1: makes the camera, runs the command, powers off.
run=$(dirname "$0")
. "$run/settings"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
off() { echo "$1" >"$run/rc"; sync; busybox poweroff -f; sleep 60; }
say() { echo "camvm: $*" >>"$run/guest.log"; }
up() { awk '{print $1}' /proc/uptime; }
for p in /sys/class/virtio-ports/*; do
  case $(cat "$p/name") in out) out=/dev/${p##*/} ;; err) err=/dev/${p##*/} ;; esac
done
exec 3>"$out" 4>"$err"
busybox ip link set lo up 2>/dev/null
hostname camvm 2>/dev/null
say "init done at $(up)s"

"$run/camera" plug || { echo "camvm: no camera module" >&4; off 125; }
ready=
for _ in $(seq 100); do
  if v4l2-ctl -d /dev/video0 --info 2>/dev/null | sed -n '/Device Caps/,$p' | grep -q 'Video Capture'; then ready=1; break; fi
  [ "$backend" != vivid ] && ! kill -0 "$(cat /run/camera-$backend.pid)" 2>/dev/null && break
  sleep 0.1
done
if [ -z "$ready" ]; then
  { echo "camvm: the camera did not come up"; tail -20 "$run/camera.log" "$run/guest.log"; dmesg | tail -20; } >&4 2>&1
  off 125
fi
say "camera ready at $(up)s"

(
  set -a; . "$run/env"; LAB_CAMERA=$run/camera; set +a
  exec timeout --kill-after=5 "$limit" bash "$run/command" </dev/null >&3 2>&4 3>&- 4>&-
) &
cmd=$!
away=unplug back=plug
[ "$how" = stall ] && away=stall back=go
if [ -n "$drop" ]; then
  (sleep "$drop"; "$run/camera" $away; [ -n "$return" ] && { sleep "$return"; "$run/camera" $back; }; sleep 86400) &
fi
wait "$cmd"
rc=$?
say "command ended with $rc at $(up)s"
dmesg >"$run/dmesg.log" 2>/dev/null
off "$rc"
