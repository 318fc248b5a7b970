#!/bin/sh
# OpenBGPD 7.7 answers no ROUTE-REFRESH. It offers route refresh and the families, the peer offers the same, the session is up and routes
# of both are on it; but to a request for either it says "route refresh: AID IPv4 unicast not negotiated" in its log, and nothing on the
# wire. RFC 2918 section 4 has the routes sent again for every AFI and SAFI that the speaker itself has offered.
#
# Seen with openbgpd 7.7-2 of Debian. Needs root, as the daemon does; the user that it wants is in this script's mount namespace only.
set -eu
folder=$(mktemp -d)
chmod 755 "$folder"
bgpd=
trap 'if [ -n "$bgpd" ]; then kill "$bgpd" 2>/dev/null || :; wait "$bgpd" 2>/dev/null || :; fi; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -o APT::Sandbox::User=root download -qq openbgpd=7.7-2
dpkg -x openbgpd_7.7-2_*.deb package
mkdir empty
cat >bgpd.conf <<CONF
AS 65001
router-id 10.0.0.1
fib-update no
listen on 127.0.0.1 port 17911
socket "$folder/bgpd.sock"
network 192.0.2.0/24
network 2001:db8::/32
neighbor 127.0.0.2 {
    remote-as 65002
    passive
    announce IPv4 unicast
    announce IPv6 unicast
}
allow quick from any
allow quick to any
CONF
chmod 600 bgpd.conf
{ grep -v '^_openbgpd:' /etc/passwd; echo "_openbgpd:x:64999:64999::$folder/empty:/usr/sbin/nologin"; } >passwd
{ grep -v '^_openbgpd:' /etc/group; echo "_openbgpd:x:64999:"; } >group
unshare -m sh -c 'mount --bind passwd /etc/passwd && mount --bind group /etc/group && exec package/usr/sbin/bgpd -d -v -f bgpd.conf' >log 2>&1 &
bgpd=$!
saw=$(python3 - <<'PYTHON'
import socket, struct, sys, time

def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), kind) + body

for _ in range(100):
    try:
        peer = socket.create_connection(("127.0.0.1", 17911), source_address=("127.0.0.2", 0))
        break
    except OSError:
        time.sleep(0.1)
# Multiprotocol IPv4 unicast and IPv6 unicast, route refresh.
capabilities = bytes.fromhex("010400010001" "010400020001" "0200")
parameter = bytes([2, len(capabilities)]) + capabilities
peer.sendall(message(1, struct.pack(">BHH4sB", 4, 65002, 90, b"\x0a\0\0\2", len(parameter)) + parameter) + message(4))

buffered = b""

def updates(seconds):
    """How many UPDATEs with routes come within so much time: of IPv4, of IPv6."""
    global buffered
    found, until = [0, 0], time.time() + seconds
    while (left := until - time.time()) > 0:
        peer.settimeout(left)
        try:
            data = peer.recv(65536)
        except TimeoutError:
            break
        if not data:
            sys.exit("the session ended")
        buffered += data
        while len(buffered) >= 19 and len(buffered) >= (length := struct.unpack(">H", buffered[16:18])[0]):
            one, buffered = buffered[:length], buffered[length:]
            found[0] += one[18] == 2 and one.endswith(bytes.fromhex("18c00002"))
            found[1] += one[18] == 2 and bytes.fromhex("2020010db8") in one
    return found

first = updates(4)
peer.sendall(message(5, struct.pack(">HBB", 1, 0, 1)))
ipv4 = updates(4)
peer.sendall(message(5, struct.pack(">HBB", 2, 0, 1)))
ipv6 = updates(4)
print(f"IPv4 first {first[0]}, asked for again {ipv4[0]}; IPv6 first {first[1]}, asked for again {ipv6[1]}")
PYTHON
)
said=$(grep -c "route refresh: AID IPv[46] unicast not negotiated" log || :)
echo "openbgpd 7.7: $saw; told of as not negotiated: $said"
[ "$saw; $said" = "IPv4 first 1, asked for again 0; IPv6 first 1, asked for again 0; 2" ]
