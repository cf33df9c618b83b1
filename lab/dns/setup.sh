#!/usr/bin/env bash
# Builds the lab's clients into $KUBELAG_LAB (default /var/tmp/kubelag-lab). What is missing on the
# machine is left out with a word: the lab then runs the cases of what there is.
#
# Debian packages that all of it needs: gcc musl-tools libc-ares-dev cmake golang nodejs
# openjdk-17-jdk-headless maven cargo python3-venv tcpdump iproute2 iptables
set -u
here=$(cd "$(dirname "$0")" && pwd)
to=${KUBELAG_LAB:-/var/tmp/kubelag-lab}
mkdir -p "$to"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=$PATH:/usr/local/go/bin
have() { command -v "$1" >/dev/null || { echo "left out: $2 ($1 is missing)"; return 1; }; }

have gcc "glibc client" && gcc -O1 -Wall "$here/clients/getaddrinfo.c" -o "$to/gai-glibc" -pthread
have musl-gcc "musl client" && {
  version=$(dpkg-query -W -f '${Version}' musl 2>/dev/null | cut -d- -f1)
  musl-gcc -static -O1 "$here/clients/getaddrinfo.c" -o "$to/gai-musl-${version:-system}"
}
have go "Go client" && (cd "$here/clients/go" && CGO_ENABLED=0 go build -trimpath -o "$to/goresolver" .)
have javac "Java client" && javac -d "$to" "$here/clients/Resolve.java"
have mvn "Netty client" && {
  netty=4.1.118.Final
  cp -r "$here/clients/netty" "$work/netty" && (cd "$work/netty" && mvn -q -B "-Dnetty.version=$netty" package dependency:copy-dependencies) &&
    mkdir -p "$to/netty-$netty" && cp "$work"/netty/target/*.jar "$work"/netty/target/dependency/*.jar "$to/netty-$netty/"
}

if have gcc "c-ares client" && [ -e /usr/include/ares.h ]; then
  version=$(sed -n 's/.*ARES_VERSION_STR "\(.*\)".*/\1/p' /usr/include/ares_version.h)
  gcc -O1 "$here/clients/cares.c" -o "$to/cares-$version" -lcares
fi

# Other ages of c-ares, from the sources that a crate bundles: 1.20.1, 1.25.0, 1.33.0, 1.34.5.
if have cargo "other c-ares" && have cmake "other c-ares"; then
  for crate in 6.0.1 8.4.0 9.6.0 10.1.3; do
    mkdir -p "$work/$crate/src" && : >"$work/$crate/src/lib.rs"
    printf '[package]\nname = "sources"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\nc-ares-sys = "=%s"\n' "$crate" \
      >"$work/$crate/Cargo.toml"
    (cd "$work/$crate" && cargo vendor --quiet vendored >/dev/null) || { echo "left out: c-ares of crate $crate"; continue; }
    source=$work/$crate/vendored/c-ares-sys/c-ares
    version=$(sed -n 's/.*ARES_VERSION_STR "\(.*\)".*/\1/p' "$source/include/ares_version.h")
    cmake -S "$source" -B "$work/$crate/build" -DCARES_STATIC=ON -DCARES_SHARED=OFF -DCARES_BUILD_TOOLS=OFF \
      -DCARES_BUILD_TESTS=OFF -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-w >/dev/null &&
      cmake --build "$work/$crate/build" >/dev/null &&
      gcc -O1 -w -I "$source/include" -I "$work/$crate/build" "$here/clients/cares.c" -o "$to/cares-$version" \
        "$(find "$work/$crate/build" -name 'libcares*.a' | head -1)" -pthread
  done
fi

if have python3 "gRPC, pycares, other musl"; then
  environment() { # folder, requirement
    [ -x "$to/$1/bin/python" ] || python3 -m venv "$to/$1"
    "$to/$1/bin/pip" install --quiet --only-binary :all: "$2" || { echo "left out: $2"; rm -rf "${to:?}/$1"; }
  }
  environment pycares-4.11.0 pycares==4.11.0
  environment pycares-5.2.1 pycares==5.2.1
  environment grpcio-1.51.1 grpcio==1.51.1
  environment grpcio-1.85.3 grpcio==1.85.3
  # Zig's wheels bring musl's sources: 0.11 has 1.2.4, 0.13 has 1.2.5.
  for pair in 0.11.0:1.2.4 0.13.0.post1:1.2.5; do
    [ -x "$to/gai-musl-${pair#*:}" ] && continue
    python3 -m venv "$work/zig" && "$work/zig/bin/pip" install --quiet --force-reinstall "ziglang==${pair%:*}" &&
      "$work/zig/bin/python" -m ziglang cc -target x86_64-linux-musl -static -O1 "$here/clients/getaddrinfo.c" \
        -o "$to/gai-musl-${pair#*:}" -pthread || echo "left out: musl ${pair#*:}"
  done
fi
echo "clients in $to:"
ls "$to"
