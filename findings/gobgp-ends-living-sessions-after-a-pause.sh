#!/bin/sh
# GoBGP 3.10.0 that was stopped for longer than the hold time (a debugger, a moved virtual machine) ends sessions of peers that never ceased
# to send: both the KEEPALIVEs that wait in a socket and the timer that they would have started again are ready, and which of the two is
# looked at first is chance, session by session. BIRD 2.0.12 reads first and keeps them.
#
# Seen with gobgpd 3.10.0-1+b4 of Debian, 16 peers, hold time 6 s, a pause of 9 s, a KEEPALIVE each second: 13 to 15 of the 16 were
# ended with NOTIFICATION 4/0 (Hold Timer Expired) right after it, in three runs.
set -eu
folder=$(mktemp -d)
gobgpd=
trap 'if [ -n "$gobgpd" ]; then kill -CONT "$gobgpd" && kill "$gobgpd" || :; fi; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -o APT::Sandbox::User=root download -qq gobgpd=3.10.0-1+b4
dpkg -x gobgpd_*.deb package
cat >gobgpd.toml <<'CONF'
[global.config]
  as = 65001
  router-id = "127.0.0.1"
  port = 17904
  local-address-list = ["127.0.0.1"]
CONF
for peer in $(seq 2 17); do
    cat >>gobgpd.toml <<CONF
[[neighbors]]
  [neighbors.config]
    neighbor-address = "127.0.0.$peer"
    peer-as = 65002
  [neighbors.timers.config]
    hold-time = 6
    keepalive-interval = 2
  [neighbors.transport.config]
    passive-mode = true
CONF
done
package/usr/bin/gobgpd -f gobgpd.toml --api-hosts 127.0.0.1:17905 >gobgpd.log 2>&1 &
gobgpd=$!
saw=$(python3 - "$gobgpd" <<'PYTHON'
import os, select, signal, socket, struct, sys, time

def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), kind) + body

def dial(host):
    for _ in range(100):
        try:
            peer = socket.create_connection(("127.0.0.1", 17904), source_address=(f"127.0.0.{host}", 0))
            peer.sendall(message(1, struct.pack(">BHH4sB", 4, 65002, 6, bytes([127, 0, 0, host]), 0)))
            return peer
        except OSError:
            time.sleep(0.1)
    sys.exit("no connection")

read = {dial(host): b"" for host in range(2, 18)}
ended = {}

def keep_alive(seconds):
    """A KEEPALIVE of each peer each second; what came is read, and a NOTIFICATION noted."""
    for _ in range(seconds):
        for peer in read.keys() - ended.keys():
            try:
                peer.sendall(message(4))
            except OSError:
                pass
        end = time.monotonic() + 1
        while (rest := end - time.monotonic()) > 0:
            for peer in select.select(list(read.keys() - ended.keys()), [], [], rest)[0]:
                octets = peer.recv(4096)
                read[peer] += octets
                while (now := read[peer]) and len(now) >= 19 and len(now) >= (length := struct.unpack(">H", now[16:18])[0]):
                    if now[18] == 3:
                        ended[peer] = f"{now[19]}/{now[20]}"
                    read[peer] = now[length:]
                if not octets:
                    ended.setdefault(peer, "end of file")

keep_alive(4)
assert not ended, ended
os.kill(int(sys.argv[1]), signal.SIGSTOP)
keep_alive(9)
assert not ended, ended
os.kill(int(sys.argv[1]), signal.SIGCONT)
keep_alive(5)
print(list(ended.values()).count("4/0"))
PYTHON
)
echo "gobgpd 3.10.0 after a pause longer than the hold time: $saw of 16 sessions whose peers were never silent ended with 4/0"
[ "$saw" -gt 0 ]
