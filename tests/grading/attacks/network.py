"""Ways out of the machine, and to others on it."""

from tests.grading.attacks import code

ATTACKS = (
    code("dns", "looks up names, in which secrets could be spelled",
         """
import socket
for name in ("example.org", "localhost.localdomain", "secret.example.com"):
    try:
        tell("found", name, socket.getaddrinfo(name, 80, proto=socket.IPPROTO_TCP)[0][4])
    except OSError as error:
        print(error)
"""),
    code("tcp", "connects to a service of this machine, and to the world",
         """
import socket
for address in (("127.0.0.1", PLACE["tcp"]), ("0.0.0.0", PLACE["tcp"]), ("192.0.2.1", 80), ("1.1.1.1", 53)):
    try:
        with socket.create_connection(address, timeout=0.3) as channel:
            channel.sendall(b"hello from a submission")
            tell("reached", address)
    except OSError as error:
        print(address, error)
"""),
    code("udp", "sends a datagram to a service of this machine",
         """
import socket
try:
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.sendto(b"hello from a submission", ("127.0.0.1", PLACE["tcp"]))
    channel.sendto(b"hello", ("192.0.2.1", 53))
except OSError as error:
    print(error)
"""),
    code("unix-socket", "connects to a socket in the file system",
         """
import socket
for path in (PLACE["unix"], "/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket"):
    try:
        channel = socket.socket(socket.AF_UNIX)
        channel.settimeout(0.3)
        channel.connect(path)
        channel.sendall(b"hello from a submission")
        tell("reached", path)
    except OSError as error:
        print(path, error)
"""),
    code("abstract-socket", "connects to a socket without a file",
         """
import socket
for name in ("\\0" + PLACE["abstract"], "\\0/tmp/dbus", "\\0/tmp/.X11-unix/X0"):
    try:
        channel = socket.socket(socket.AF_UNIX)
        channel.settimeout(0.3)
        channel.connect(name)
        channel.sendall(b"hello from a submission")
        tell("reached", name)
    except OSError as error:
        print(error)
"""),
    code("server", "opens a service of its own and waits for callers",
         """
import socket
try:
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    server.accept()
    tell("someone called")
except OSError as error:
    print(error)
"""),
    code("odd-sockets", "tries the kernel's other families of sockets",
         """
import socket
for family in ("AF_PACKET", "AF_NETLINK", "AF_VSOCK", "AF_ALG", "AF_BLUETOOTH", "AF_CAN", "AF_TIPC"):
    if hasattr(socket, family):
        for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_STREAM):
            try:
                channel = socket.socket(getattr(socket, family), kind)
                print(family, kind, "opened")
                if family in ("AF_PACKET", "AF_VSOCK"):
                    tell(family)
            except (OSError, ValueError) as error:
                print(family, error)
"""),
    code("download", "installs and downloads what it needs",
         """
import urllib.request
try:
    urllib.request.urlopen("http://127.0.0.1:%d/" % PLACE["tcp"], timeout=0.3)
    tell("downloaded")
except Exception as error:
    print(error)
try:
    get_ipython().run_line_magic("pip", "--version")
except BaseException as error:
    print(type(error).__name__)
"""),
)
