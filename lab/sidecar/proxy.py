"""A sidecar as service meshes have it: takes what iptables turns to it, and speaks mutual TLS, or none, to others.

proxy.py plain|tls FOLDER [127.0.0.6]: port 15006 hands on to the program, from 127.0.0.6 as Envoy does or from the pod's
own address as linkerd-proxy; port 15001 to the upstream.
"""
import asyncio
import ssl
import sys

POD, UPSTREAM = ('10.70.2.21', 8080), ('10.70.3.31', 8000)
FOLDER = sys.argv[2]
FROM = (sys.argv[3], 0) if len(sys.argv) > 3 else None


async def hand_on(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def both_ways(reader, writer, connect):
    other_reader, other_writer = await connect()
    await asyncio.gather(
        hand_on(reader, other_writer), hand_on(other_reader, writer), return_exceptions=True
    )


async def main(sealed):
    ours = theirs = None
    if sealed:
        ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ours.load_cert_chain(f'{FOLDER}/cert.pem', f'{FOLDER}/key.pem')
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        theirs.check_hostname = False
        theirs.verify_mode = ssl.CERT_NONE

    async def inbound(reader, writer):
        await both_ways(reader, writer, lambda: asyncio.open_connection(*POD, local_addr=FROM))

    async def outbound(reader, writer):
        await both_ways(reader, writer, lambda: asyncio.open_connection(*UPSTREAM, ssl=theirs))

    servers = [
        await asyncio.start_server(inbound, '0.0.0.0', 15006, ssl=ours),
        await asyncio.start_server(outbound, '0.0.0.0', 15001),
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main(sys.argv[1] == 'tls'))
