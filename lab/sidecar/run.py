"""Records pods with a sidecar: run.py FOLDER [CASE…]. Needs root, iptables, tcpdump, openssl and setpriv."""
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
# What the sidecar runs as, whose own packets are left alone (Istio: by its user, 1337).
GROUP = '1337'
# Who answers the program's calls: a Service, by way of the sidecar; another program in the pod, without one.
SERVICE, BESIDE = '10.96.1.5 80', '127.0.0.1 9000'
# mode, the program's wait, how it calls; the upstream's usual wait, every how many calls it takes how long instead;
# requests, callers; one in how many of the upstream's packets with a request is lost.
CASES = {
    'slow-upstream-tls': ('tls', 5, 'keep', 8, 12, 400, 120, 2, 0),
    'slow-upstream-plain': ('plain', 5, 'each', 8, 12, 400, 120, 4, 0),
    'lost-segments-tls': ('tls', 5, 'keep', 8, 0, 0, 160, 2, 20),
    'slow-program-tls': ('tls', 160, 'keep', 8, 0, 0, 60, 2, 0),
    # Handed on from the pod's own address.
    'slow-program-own-address': ('tls', 160, 'keep', 8, 0, 0, 60, 2, 0),
    'healthy-tls': ('tls', 5, 'keep', 8, 0, 0, 120, 4, 0),
    'slow-beside': ('beside', 5, 'keep', 8, 8, 300, 120, 2, 0),
}
HOSTS = {'caller': '10.70.1.10', 'pod': '10.70.2.21', 'upstream': '10.70.3.31'}
REDIRECT = [
    '-A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 15006',
    f'-A OUTPUT -m owner --gid-owner {GROUP} -j RETURN',
    '-A OUTPUT -d 127.0.0.1/32 -j RETURN',
    '-A OUTPUT -p tcp -j REDIRECT --to-ports 15001',
]


def run(words, **more):
    return subprocess.run(words.split(), check=True, capture_output=True, text=True, **more).stdout


def inside(host, words):
    return subprocess.Popen(f'ip netns exec sidecar-{host} {words}'.split(), stdout=subprocess.PIPE, text=True)


def network(redirects):
    run('ip netns add sidecar-bridge')
    run('ip -n sidecar-bridge link add br0 type bridge')
    run('ip -n sidecar-bridge link set br0 up')
    for host, address in HOSTS.items():
        run(f'ip netns add sidecar-{host}')
        run(f'ip -n sidecar-bridge link add {host} type veth peer name eth0 netns sidecar-{host}')
        run(f'ip -n sidecar-bridge link set {host} master br0 up')
        run(f'ip -n sidecar-{host} addr add {address}/16 dev eth0')
        for device in ('lo', 'eth0'):
            run(f'ip -n sidecar-{host} link set {device} up')
        run(f'ip -n sidecar-{host} route add default dev eth0')
    for rule in REDIRECT if redirects else []:
        run(f'ip netns exec sidecar-pod iptables -t nat {rule}')


def record(folder, name):
    mode, own, calls, usual, every, slow, requests, callers, lost = CASES[name]
    files = folder.resolve()
    python = sys.executable
    is_beside = mode == 'beside'
    network(not is_beside)
    host, address, seal = ('pod', '127.0.0.1 9000', 'plain') if is_beside else ('upstream', f'{HOSTS["upstream"]} 8000', mode)
    upstream = BESIDE if is_beside else SERVICE
    programs = [
        inside(host, f'{python} {HERE}/server.py {address} {seal} {files} {usual} {every} {slow}'),
        inside('pod', f'{python} {HERE}/server.py {HOSTS["pod"]} 8080 plain {files} {own} 0 0 {calls} {upstream}'),
    ]
    source = '' if name.endswith('own-address') else '127.0.0.6'
    if not is_beside:
        programs.append(inside('pod', f'setpriv --regid {GROUP} --clear-groups {python} {HERE}/proxy.py {mode} {files} {source}'))
    try:
        time.sleep(2)
        if lost:
            run(
                'ip netns exec sidecar-upstream iptables -A INPUT -p tcp --dport 8000 -m length --length 100:1500'
                f' -m statistic --mode nth --every {lost} --packet 9 -j DROP'
            )
        capture = inside('pod', f'tcpdump -i any -s 0 -U -w {files}/{name}.pcap')
        time.sleep(1)
        said = inside('caller', f'{python} {HERE}/caller.py {mode} {requests} {callers}').communicate()[0]
        time.sleep(1)
        capture.terminate()
        capture.wait()
        print(name, said, end='')
    finally:
        for program in programs:
            program.kill()
            program.wait()
        for host in [*HOSTS, 'bridge']:
            run(f'ip netns del sidecar-{host}')


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
run(
    'openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=pod'
    f' -keyout {folder}/key.pem -out {folder}/cert.pem'
)
for case in sys.argv[2:] or CASES:
    record(folder, case)
