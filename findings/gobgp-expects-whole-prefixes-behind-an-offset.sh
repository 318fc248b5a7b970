#!/bin/sh
# GoBGP 3.10.0 reads an IPv6 prefix of a FlowSpec rule whole behind its offset. RFC 8956 section 3.1 leaves the bits before the offset away:
# (length - offset) bits follow. A rule written as the RFC has it becomes one component of an unknown type, with all components behind it,
# and the session stays as if nothing were wrong; the same prefix with the skipped octets in front is understood.
#
# Seen with gobgpd 3.10.0-1+b4 of Debian: bits 32 to 63 being 0003:0005, then TCP: [unknown:[1 64 32 0 3 0 5 3 129 6]].
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
  port = 17902
  local-address-list = ["127.0.0.1"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "127.0.0.2"
    peer-as = 65002
  [neighbors.transport.config]
    passive-mode = true
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-flowspec"
CONF
package/usr/bin/gobgpd -f gobgpd.toml --api-hosts 127.0.0.1:17903 >gobgpd.log 2>&1 &
gobgpd=$!
saw=$(python3 - <<'PYTHON'
import json, socket, struct, subprocess, time

def message(kind, body):
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), kind) + body

for _ in range(100):
    try:
        peer = socket.create_connection(("127.0.0.1", 17902), source_address=("127.0.0.2", 0))
        break
    except OSError:
        time.sleep(0.1)
# One optional parameter: the capability of multiprotocol, AFI 2, SAFI 133.
capability = bytes.fromhex("0206" "0104" "00020085")
peer.sendall(message(1, struct.pack(">BHH4sB", 4, 65002, 90, b"\x7f\0\0\2", len(capability)) + capability) + message(4, b""))

def update(rule):
    nlri = bytes([len(rule)]) + rule
    attribute = bytes.fromhex("0002" "85" "00" "00") + nlri
    attributes = bytes.fromhex("40010100" "4002040201fdea") + b"\x80\x0e" + bytes([len(attribute)]) + attribute
    return message(2, struct.pack(">HH", 0, len(attributes)) + attributes)

# A destination (type 1, length 64, offset 32, the bits from there on) and a next header (type 3, equal to 6), as RFC 8956 has them; then a
# destination with the 32 bits before the offset too.
peer.sendall(update(bytes.fromhex("01" "40" "20" "00030005" "03" "8106")))
peer.sendall(update(bytes.fromhex("01" "40" "20" "0000000000030005" "03" "8106")))
time.sleep(2)
gobgp = ["package/usr/bin/gobgp", "-p", "17903"]
shown = subprocess.run([*gobgp, "global", "rib", "-a", "ipv6-flowspec", "-j"], capture_output=True, text=True, check=True).stdout
neighbor = json.loads(subprocess.run([*gobgp, "neighbor", "127.0.0.2", "-j"], capture_output=True, text=True, check=True).stdout)
rules = sorted(json.loads(shown))
print("established" if neighbor["state"]["session_state"] == 6 else neighbor["state"]["session_state"], *rules)
PYTHON
)
echo "gobgpd 3.10.0: $saw"
[ "$saw" = "established [destination: 0:0:3:5::/64/32][protocol: ==tcp] [unknown:[1 64 32 0 3 0 5 3 129 6]]" ]
