"""caller.py plain|tls REQUESTS CALLERS: asks the pod, and prints what its own stopwatch says."""
import http.client
import json
import ssl
import sys
import threading
import time

sealed, requests, callers = sys.argv[1] == 'tls', int(sys.argv[2]), int(sys.argv[3])
took = []


def call():
    if sealed:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection('10.70.2.21', 8080, context=context)
    else:
        connection = http.client.HTTPConnection('10.70.2.21', 8080)
    for number in range(requests // callers):
        began = time.monotonic()
        connection.request('GET', f'/api/orders/{number}')
        connection.getresponse().read()
        took.append(round((time.monotonic() - began) * 1000, 1))
        time.sleep(0.01)


threads = [threading.Thread(target=call) for _ in range(callers)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
took.sort()
print(json.dumps({'requests': len(took), 'p50': took[len(took) // 2], 'p90': took[len(took) * 9 // 10], 'most': took[-1]}))
