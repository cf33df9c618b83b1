#!/usr/bin/env bash
# Records real TLS connections, their key logs and what the programs know of them.
#   sudo bash lab/tls/record.sh [FOLDER] [CASE…]      default: test/corpora/tls, all cases
# Everything runs on the loopback interface of a network namespace of its own.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "${1:-}" != --inside ]; then exec unshare --net bash "${BASH_SOURCE[0]}" --inside "$@"; fi
shift
out=$(realpath "${1:-$here/../../test/corpora/tls}")
[ $# -gt 0 ] && shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Segments as on a real network: 1,500 bytes, none put together by offloading.
ip link set lo mtu 1500
ip link set lo gso_max_segs 1 up

# One authority, a server, a client, and a server that nobody trusts.
certificate() { # NAME AUTHORITY SUBJECT
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
  openssl x509 -req -in "$work/$1.csr" -days 3650 -extfile <(printf 'subjectAltName=DNS:%s' "$3") \
    -CA "$work/$2.crt" -CAkey "$work/$2.key" -CAcreateserial -out "$work/$1.crt" 2>/dev/null
}
for authority in authority stranger; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$authority" \
    -keyout "$work/$authority.key" -out "$work/$authority.crt" 2>/dev/null
done
certificate server authority orders.shop.example
certificate client authority checkout
certificate untrusted stranger orders.shop.example
(cd "$here/go" && go build -o "$work/go-case" .)

capture() { # NAME COMMAND…
  local name=$1 tcpdump
  shift
  rm -f "$out/$name".*
  : >"$work/tcpdump.log"
  tcpdump -i lo -s 2000 -B 8192 --immediate-mode -U -w "$out/$name.pcap" tcp 2>"$work/tcpdump.log" &
  tcpdump=$!
  until grep -q 'listening on' "$work/tcpdump.log"; do sleep 0.05; done
  timeout 20 "$@" >"$work/said" 2>"$work/error" || { cat "$work/error"; echo "$name failed"; }
  # Until nothing more is written: on a busy machine tcpdump may be late.
  local size=-1
  until [ "$size" = "$(stat -c %s "$out/$name.pcap")" ]; do
    size=$(stat -c %s "$out/$name.pcap")
    sleep 0.7
  done
  kill -INT "$tcpdump"
  wait "$tcpdump" || true
  [ -f "$work/keys" ] && sort -u "$work/keys" >"$out/$name.keys" && rm "$work/keys"
  cp "$work/said" "$out/$name.truth.json"
  grep -q '^0 packets dropped' "$work/tcpdump.log" || echo "$name: packets were lost"
  echo "$name: $(stat -c %s "$out/$name.pcap") bytes"
}

wanted=("$@")
is_wanted() { [ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " == *" $1 "* ]]; }
export WORK=$work
for name in $(node "$here/node-cases.mjs"); do
  is_wanted "$name" && capture "$name" node --tls-keylog="$work/keys" "$here/node-cases.mjs" "$name"
done
for name in go-http1 go-http2 go-resumed go-tls12; do
  is_wanted "$name" && capture "$name" "$work/go-case" "$name"
done
# Key updates and early data are what libraries do not offer.
for name in key-update early-data tls13-untrusted tls12-untrusted; do
  is_wanted "$name" && capture "$name" bash "$here/openssl-cases.sh" "$name"
done
# The same with its secrets inside, as Wireshark's editcap puts them.
if command -v editcap >/dev/null && [ -f "$out/early-data.pcap" ]; then
  editcap --inject-secrets "tls,$out/early-data.keys" "$out/early-data.pcap" "$out/early-data.secrets.pcapng"
fi
