#!/bin/sh
# BIRD 2.0.12 writes NEXT_HOP into TABLE_DUMP_V2 with attribute flags of 0, whatever the UPDATE had from which the route came. NEXT_HOP is
# well-known, so RFC 4271 section 4.3 has the Transitive bit set (0x40). A decoder that judges the entries of tables as RFC 7606 has it for
# UPDATEs throws every route of such a dump away.
#
# Seen with bird2 2.0.12-7 of Debian: attributes 1, 2, 3 and 5 came with flags 40 each; in the table, 3 has 00.
set -eu
folder=$(mktemp -d)
chmod 755 "$folder"
bird=
trap 'if [ -n "$bird" ]; then kill "$bird" 2>/dev/null || :; fi; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -o APT::Sandbox::User=root download -qq bird2=2.0.12-7
dpkg -x bird2_2.0.12-7_*.deb package
cat >bird.conf <<'CONF'
router id 127.0.0.1;
protocol device {}
protocol bgp peer {
    local 127.0.0.1 port 17901 as 65001;
    neighbor 127.0.0.2 as 65001;
    passive on;
    ipv4 { import all; export none; };
}
protocol mrt { table "master4"; filename "dump.mrt"; period 1; }
CONF
package/usr/sbin/bird -f -c bird.conf -s bird.ctl -P bird.pid 2>bird.log &
bird=$!
saw=$(python3 - <<'PYTHON'
import os, socket, struct, time

def message(kind, body):
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), kind) + body

for _ in range(100):
    try:
        peer = socket.create_connection(("127.0.0.1", 17901), source_address=("127.0.0.2", 0))
        break
    except OSError:
        time.sleep(0.1)
peer.sendall(message(1, struct.pack(">BHH4sB", 4, 65001, 90, b"\x7f\0\0\2", 0)) + message(4, b""))
attributes = bytes.fromhex("40010100" "400200" "4003047f000002" "40050400000064")
peer.sendall(message(2, struct.pack(">HH", 0, len(attributes)) + attributes + bytes.fromhex("18cb0071")))
flags = []
for _ in range(100):
    time.sleep(0.1)
    data = open("dump.mrt", "rb").read() if os.path.exists("dump.mrt") else b""
    while len(data) >= 12:
        _, kind, subtype, length = struct.unpack(">IHHI", data[:12])
        record, data = data[12:12 + length], data[12 + length:]
        # TABLE_DUMP_V2, RIB_IPV4_UNICAST: a sequence number, the prefix, how many entries, and of the first: peer, time, octets.
        if (kind, subtype) == (13, 2):
            entry = record[5 + (record[4] + 7) // 8 + 2 + 8:]
            while entry:
                flags.append(f"{entry[1]}: {entry[0]:02x}")
                entry = entry[3 + entry[2]:]
    if flags:
        break
print(", ".join(dict.fromkeys(flags)))
PYTHON
)
echo "bird 2.0.12, flags of the attributes of an entry of TABLE_DUMP_V2 by type: $saw"
[ "$saw" = "1: 40, 2: 40, 3: 00, 5: 40" ]
