"""Waits, perhaps asks an upstream, answers.

server.py ADDRESS PORT plain|tls FOLDER WAIT_MS EVERY SLOW_MS [keep|each UPSTREAM_ADDRESS UPSTREAM_PORT]
"""
import http.client
import itertools
import socketserver
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

address, port, mode, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
usual, every, slow = float(sys.argv[5]), int(sys.argv[6]), float(sys.argv[7])
calls, *upstream = sys.argv[8:] or ['none']
count = itertools.count(1)
own = threading.local()


def ask():
    if calls == 'each' or getattr(own, 'connection', None) is None:
        own.connection = http.client.HTTPConnection(upstream[0], int(upstream[1]))
    own.connection.request('GET', f'/items/{next(count)}')
    body = own.connection.getresponse().read()
    if calls == 'each':
        own.connection.close()
    return body


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        number = next(count)
        time.sleep((slow if every and number % every == 0 else usual) / 1000)
        body = b'{"stock":7}' if calls == 'none' else ask()
        head = f'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n'
        self.wfile.write(head.encode() + body)


class Server(ThreadingHTTPServer):
    request_queue_size = 64
    server_bind = socketserver.TCPServer.server_bind  # HTTPServer's looks up its own name.


server = Server((address, port), Handler)
if mode == 'tls':
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f'{folder}/cert.pem', f'{folder}/key.pem')
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
