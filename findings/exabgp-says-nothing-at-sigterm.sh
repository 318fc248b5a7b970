#!/bin/sh
# ExaBGP 5.0.15 that is ended with SIGTERM, as service managers do it, closes its sessions without a NOTIFICATION. RFC 4271 section 8.2.2 has
# a Cease for a manual stop, and RFC 4486 its subcode; a peer with graceful restart cannot tell this end from a crash, and keeps the routes.
#
# Seen with exabgp 5.0.15 of PyPI, a session that had been up for some seconds: OPEN, KEEPALIVE, End-of-RIB, end of file.
set -eu
folder=$(mktemp -d)

trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv package
package/bin/pip install -q --disable-pip-version-check exabgp==5.0.15
cat >exabgp.conf <<CONF
neighbor 127.0.0.2 {
    router-id 127.0.0.1;
    local-address 127.0.0.1;
    local-as 65001;
    peer-as 65002;
}
CONF
saw=$(python3 - "$folder" "$(id -un)" <<'PYTHON'
import os, socket, struct, subprocess, sys, time

def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), kind) + body

folder, user = sys.argv[1:]
listener = socket.create_server(("127.0.0.2", 17908))
listener.settimeout(30)
settings = {**os.environ, "exabgp_tcp_port": "17908", "exabgp_daemon_user": user, "exabgp_daemon_drop": "false"}
with open(f"{folder}/log", "w") as log:
    exabgp = subprocess.Popen([f"{folder}/package/bin/exabgp", f"{folder}/exabgp.conf"], env=settings, stdout=log, stderr=log)
try:
    peer, _ = listener.accept()
    peer.settimeout(30)
    # With the capability of multiprotocol for IPv4 unicast, so that an End-of-RIB says that the session is up.
    peer.sendall(message(1, struct.pack(">BHH4sB", 4, 65002, 90, b"\x7f\0\0\2", 8) + bytes.fromhex("0206" "0104" "00010001")) + message(4))
    time.sleep(4)
    exabgp.terminate()
    data = b""
    while octets := peer.recv(4096):
        data += octets
    kinds = []
    while len(data) >= 19:
        kinds.append(data[18])
        data = data[struct.unpack(">H", data[16:18])[0]:]
    names = {1: "OPEN", 2: "UPDATE", 3: "NOTIFICATION", 4: "KEEPALIVE"}
    print(*dict.fromkeys(names[kind] for kind in kinds), "end-of-file")
finally:
    exabgp.kill()
    exabgp.wait()
PYTHON
)
echo "exabgp 5.0.15, what a peer reads until the end after SIGTERM: $saw"
case $saw in *NOTIFICATION*) exit 1 ;; "OPEN KEEPALIVE UPDATE end-of-file") ;; *) exit 1 ;; esac
