#!/bin/sh
# GoBGP 3.10.0, once it has dialled a peer and sent its OPEN, closes every connection that the same peer dials, though it has heard nothing on
# its own one. A peer whose answer there got lost (one that has restarted behind a firewall, say) has no session until GoBGP's OpenSent hold
# timer has run out, 4 minutes, however often it dials and offers its OPEN. RFC 4271 sections 6.8 and 8.2.1 have both connections go on until
# an OPEN has come on one of them.
#
# Seen with gobgpd 3.10.0-1+b4 of Debian: 15 dials in 15 s, all closed before an OPEN came; its log has "Closed an accepted connection".
set -eu
folder=$(mktemp -d)
gobgpd=
trap 'if [ -n "$gobgpd" ]; then kill "$gobgpd" 2>/dev/null || :; fi; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -o APT::Sandbox::User=root download -qq gobgpd=3.10.0-1+b4
dpkg -x gobgpd_*.deb package
cat >gobgpd.toml <<'CONF'
[global.config]
  as = 65001
  router-id = "127.0.0.1"
  port = 17912
  local-address-list = ["127.0.0.1"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "127.0.0.2"
    peer-as = 65002
  [neighbors.transport.config]
    local-address = "127.0.0.1"
    remote-port = 17913
  [neighbors.timers.config]
    connect-retry = 5
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
CONF
package/usr/bin/gobgpd -f gobgpd.toml --api-hosts 127.0.0.1:17914 >gobgpd.log 2>&1 &
gobgpd=$!
saw=$(python3 - <<'PYTHON'
import socket, struct, time

def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), kind) + body

capability = bytes.fromhex("0206" "0104" "00010001")
OPEN = message(1, struct.pack(">BHH4sB", 4, 65002, 90, b"\x7f\0\0\2", len(capability)) + capability)
listener = socket.create_server(("127.0.0.2", 17913))
listener.settimeout(60)
# It dials and sends its OPEN; nothing is said to that.
mute, _ = listener.accept()
heard = mute.recv(4096)
opens = 0
for _ in range(15):
    try:
        peer = socket.create_connection(("127.0.0.1", 17912), source_address=("127.0.0.2", 0), timeout=1)
        peer.sendall(OPEN + message(4))
        opens += len(peer.recv(4096)) > 0
    except OSError:
        pass
    time.sleep(1)
print("its OPEN came on its own connection" if heard[18] == 1 else "no OPEN came", "and on", opens, "of 15 of the peer's")
PYTHON
)
closed=$(grep -c "Closed an accepted connection" gobgpd.log || :)
echo "gobgpd 3.10.0: $saw; connections closed by its log: $closed"
[ "$saw; $closed" = "its OPEN came on its own connection and on 0 of 15 of the peer's; 15" ]
