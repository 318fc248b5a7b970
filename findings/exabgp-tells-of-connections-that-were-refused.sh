#!/bin/sh
# ExaBGP 5.0.15 tells its API programs of a neighbor "connected", and then "down", whose port refuses every connection: the first of the two
# says no more than that it began to dial. A program that counts sessions or alarms by "connected" alone is wrong.
#
# Seen with exabgp 5.0.15 of PyPI and a port on which nobody listens: connected, down.
set -eu
folder=$(mktemp -d)
exabgp=
trap 'if [ -n "$exabgp" ]; then kill "$exabgp" 2>/dev/null && wait "$exabgp" || :; fi; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv package
package/bin/pip install -q --disable-pip-version-check exabgp==5.0.15
cat >program.py <<'PYTHON'
import sys
with open(sys.argv[1] + "/events", "a", buffering=1) as events:
    for line in sys.stdin:
        events.write(line)
PYTHON
cat >exabgp.conf <<CONF
process log {
    run $folder/package/bin/python3 $folder/program.py $folder;
    encoder json;
}
neighbor 127.0.0.2 {
    router-id 127.0.0.1;
    local-address 127.0.0.1;
    local-as 65001;
    peer-as 65002;
    api { processes [ log ]; neighbor-changes; }
}
CONF
env exabgp_tcp_port=17906 exabgp_daemon_user="$(id -un)" exabgp_daemon_drop=false package/bin/exabgp exabgp.conf >log 2>&1 &
exabgp=$!
saw=
for _ in $(seq 60); do
    saw=$(grep -o '"state": "[a-z]*"' events 2>/dev/null | head -2 | cut -d'"' -f4 | tr '\n' ' ')
    if [ "$saw" = "connected down " ]; then break; fi
    sleep 0.5
done
echo "exabgp 5.0.15, of a neighbor that refuses every connection: $saw"
[ "$saw" = "connected down " ]
