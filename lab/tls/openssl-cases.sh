#!/usr/bin/env bash
# OpenSSL's own programs, for what libraries do not offer: KeyUpdate and early data.
set -eu
port=8443
serve=(openssl s_server -accept "$port" -cert "$WORK/server.crt" -key "$WORK/server.key" -quiet)
call=(openssl s_client -connect "127.0.0.1:$port" -servername orders.shop.example -CAfile "$WORK/authority.crt" -keylogfile "$WORK/keys")
request() { printf '%s /orders/%s HTTP/1.1\r\nHost: orders.shop.example\r\nContent-Length: 0\r\n\r\n' "$1" "$2"; }
response() { printf 'HTTP/1.1 %s\r\nContent-Length: 5\r\n\r\nhello' "$1"; }

truth() { # ALERTS EXCHANGES VERSION RESUMED…
  local alerts=$1 exchanges=$2 version=$3 known='' resumed
  shift 3
  for resumed in "$@"; do
    known+="${known:+,}{\"port\":0,\"serverName\":\"orders.shop.example\",\"version\":$version,\"alpn\":null,\"resumed\":$resumed,\"retried\":false,\"clientCertificate\":false,\"alerts\":[$alerts]}"
  done
  printf '{"by":"%s","port":%s,"connections":[%s],"exchanges":[%s]}\n' "$(openssl version)" "$port" "$known" "$exchanges"
}
said() { printf '{"method":"%s","path":"/orders/%s","status":%s,"bodyBytes":5}' "$@"; }

case $1 in
  key-update)
    # K asks the other side to change its keys as well, k does not; both sides do it.
    { sleep 0.6; response '200 OK'; sleep 0.6; echo K; sleep 0.2; response '201 Created'; sleep 0.6; response '404 Not Found'; sleep 0.5; echo Q; } |
      openssl s_server -accept "$port" -cert "$WORK/server.crt" -key "$WORK/server.key" -tls1_3 -naccept 1 >/dev/null 2>&1 &
    sleep 0.2
    { sleep 0.1; request GET 1; sleep 0.5; echo K; sleep 0.1; request POST 2; sleep 0.7; echo k; sleep 0.1; request GET 3; sleep 0.6; echo Q; } |
      "${call[@]}" -tls1_3 >/dev/null 2>&1 || true
    wait
    truth '' "$(said GET 1 200),$(said POST 2 201),$(said GET 3 404)" '"1.3"' false
    ;;
  early-data)
    # The third connection uses the second's session again: a server takes early data of one but once.
    { sleep 0.7; response '200 OK'; sleep 1; response '201 Created'; sleep 1.2; response '202 Accepted'; sleep 0.6; } |
      "${serve[@]}" -tls1_3 -early_data -max_early_data 16384 -naccept 3 >/dev/null 2>&1 &
    sleep 0.2
    { request GET 1; sleep 0.9; } | "${call[@]}" -tls1_3 -quiet -no_ign_eof -sess_out "$WORK/session" >/dev/null 2>&1 || true
    request POST 2 >"$WORK/early"
    { sleep 1; } | "${call[@]}" -tls1_3 -quiet -no_ign_eof -sess_in "$WORK/session" -early_data "$WORK/early" >/dev/null 2>&1 || true
    { sleep 0.1; request POST 2; sleep 1; } | "${call[@]}" -tls1_3 -quiet -no_ign_eof -sess_in "$WORK/session" -early_data "$WORK/early" >/dev/null 2>&1 || true
    wait
    truth '' "$(said GET 1 200),$(said POST 2 201),$(said POST 2 202)" '"1.3"' false true false
    ;;
  tls13-untrusted | tls12-untrusted)
    version=-tls1_${1:4:1}
    openssl s_server -accept "$port" -cert "$WORK/untrusted.crt" -key "$WORK/untrusted.key" "$version" -naccept 1 -quiet >/dev/null 2>&1 </dev/null &
    sleep 0.2
    "${call[@]}" "$version" -verify_return_error -quiet >/dev/null 2>&1 </dev/null || true
    wait
    truth '"client: unknown_ca"' '' "\"1.${1:4:1}\"" null
    ;;
esac
