"""Ways to leave something for the next submission. Each is handed in twice; the second looks for what the first left.

What is left is `MARK`, put together when it runs so that it is in no source.
"""

from tests.grading.attacks import code

MARK = '''
MARK = "left-" + "behind"
'''


def _leaving(name, tries, source, **rest):
    return code(name, tries, MARK + source, copies=2, **rest)


ATTACKS = (
    _leaving("leaves-files", "leaves files in every folder it may write to",
             """
import tempfile
folders = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/var/lock", "/dev/mqueue", "/dev", "/", "/home", "/root", "/mnt",
           "/opt", "/etc", "/usr/local", "/proc/self", "/sys/fs/cgroup", os.getcwd(), os.path.dirname(os.getcwd()),
           os.path.expanduser("~"), tempfile.gettempdir(), sys.prefix, PLACE["course"], PLACE["package"], PLACE["home"]]
for folder in dict.fromkeys(folders):
    path = os.path.join(folder, MARK)
    if os.path.exists(path):
        tell(MARK, folder)
    try:
        with open(path, "w") as file:
            file.write(MARK)
    except OSError as error:
        print(folder, type(error).__name__)
"""),
    _leaving("leaves-caches", "leaves files in the caches of matplotlib, IPython, fontconfig and Python",
             """
import matplotlib, IPython.paths, sysconfig
import numpy, gdcourse
folders = [matplotlib.get_cachedir(), matplotlib.get_configdir(), IPython.paths.get_ipython_dir(),
           os.path.expanduser("~/.cache"), "/var/cache/fontconfig", os.environ.get("XDG_CACHE_HOME", "/nowhere")]
folders += [os.path.join(os.path.dirname(m.__file__), "__pycache__") for m in (numpy, gdcourse, os, matplotlib)]
folders += [sysconfig.get_path("purelib"), os.environ.get("MPLCONFIGDIR", "/nowhere")]
for folder in folders:
    path = os.path.join(folder, MARK)
    if os.path.exists(path):
        tell(MARK, folder)
    try:
        with open(path, "w") as file:
            file.write(MARK)
    except OSError as error:
        print(folder, type(error).__name__)
"""),
    _leaving("leaves-startup", "leaves code that the next Python, IPython or matplotlib would run",
             """
ways = ["~/.ipython/profile_default/startup/00.py", "~/.config/matplotlib/matplotlibrc", "~/.pythonrc.py",
        "~/.local/lib/python3.11/site-packages/usercustomize.py", "~/.jupyter/jupyter_config.py", "./sitecustomize.py",
        "./numpy.py", "/tmp/numpy/__init__.py", "./matplotlibrc", "./gdcourse/checks.py"]
for way in ways:
    path = os.path.abspath(os.path.expanduser(way))
    if os.path.exists(path):
        tell(MARK, path)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(f"import builtins; builtins.{MARK.replace('-', '_')} = 1\\n")
    except OSError as error:
        print(way, type(error).__name__)
import builtins
if hasattr(builtins, MARK.replace("-", "_")):
    tell(MARK, "startup code ran")
"""),
    _leaving("leaves-python-state", "leaves names in every module, and in the builtins",
             """
import builtins, gc, numpy as np
for module in list(sys.modules.values()):
    if hasattr(module, "left_behind_here"):
        tell(MARK, module)
for module in list(sys.modules.values()):
    try:
        module.left_behind_here = MARK
    except Exception:
        pass
if os.environ.get("LEFT") or np.geterr()["over"] == "raise":
    tell(MARK, "settings")
os.environ["LEFT"] = MARK
np.seterr(over="raise")
builtins.print_ = MARK
if any(type(x).__name__ == "LeftBehind" for x in gc.get_objects()):
    tell(MARK, "objects")
keep = type("LeftBehind", (), {})()
keep.self = keep
"""),
    _leaving("leaves-shared-memory", "leaves shared memory, message queues and semaphores",
             """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
key, size = 0x5EED, 4096
found = libc.shmget(key, size, 0o600)
if found >= 0:
    tell(MARK, "shared memory")
found = libc.shmget(key, size, 0o600 | 0o1000)
if libc.semget(key, 1, 0o600) >= 0 or libc.msgget(key, 0o600) >= 0:
    tell(MARK, "semaphores or queues")
libc.semget(key, 1, 0o600 | 0o1000)
libc.msgget(key, 0o600 | 0o1000)
try:
    from multiprocessing import shared_memory
    try:
        shared_memory.SharedMemory("left", create=False)
        tell(MARK, "posix shared memory")
    except FileNotFoundError:
        shared_memory.SharedMemory("left", create=True, size=4096)
except Exception as error:
    print(type(error).__name__, error)
rt = ctypes.CDLL(None, use_errno=True)
if rt.mq_open(b"/left", 2) >= 0:
    tell(MARK, "posix queue")
rt.mq_open(b"/left", 0o102, 0o600, None)
"""),
    _leaving("leaves-keys", "leaves a key in the kernel's keyrings",
             """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
add, request, ctl = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}[platform.machine()]
for ring in (-4, -5, -3, -2):
    if libc.syscall(ctl, 10, ring, b"user", MARK.encode(), 0) > 0:
        tell(MARK, "keyring", ring)
    print(libc.syscall(add, b"user", MARK.encode(), b"1", 1, ring))
"""),
    _leaving("leaves-file-positions", "leaves marks in open files it shares: positions, signals, flags",
             """
import fcntl, stat
there = []
for fd in range(256):
    try:
        there.append((fd, stat.S_ISREG(os.fstat(fd).st_mode), fcntl.fcntl(fd, fcntl.F_GETFL), fcntl.fcntl(fd, 11)))
    except OSError:
        pass
print(there)
for fd, ordinary, flags, signal in there:
    if ordinary and os.lseek(fd, 0, os.SEEK_CUR) == 4711:
        tell(MARK, "position of", fd)
    if flags & os.O_ASYNC or signal == 12:
        tell(MARK, "flags of", fd)
for fd, ordinary, flags, signal in there:
    try:
        if ordinary:
            os.lseek(fd, 4711, os.SEEK_SET)
        fcntl.fcntl(fd, 10, 12)  # F_SETSIG
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_APPEND)
    except OSError as error:
        print(fd, error)
"""),
    _leaving("leaves-locks", "leaves locks on files that everyone can read",
             """
import fcntl, struct, time, numpy, gdcourse
for path in (numpy.__file__, gdcourse.__file__, sys.executable, "/etc/hostname", "/etc/passwd", "/dev/null"):
    try:
        fd = os.open(path, os.O_RDONLY)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(path).st_atime == 4711:
            tell(MARK, "times of", path)
    except BlockingIOError:
        tell(MARK, "lock on", path)
    except OSError as error:
        print(path, error)
    try:
        where = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 4711, 1, 0)
        if struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK, where))[0] != fcntl.F_UNLCK:
            tell(MARK, "lock on a byte of", path)
        fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 4711, 1, 0))
    except OSError as error:
        print(path, error)
    try:
        os.utime(path, (4711, 4711))
    except OSError as error:
        print(path, error)
time.sleep(0.5)  # until the other one runs as well
"""),
    _leaving("leaves-names", "leaves marks in the machine's name, its clock and kernel settings",
             """
import socket, time
if socket.gethostname() == MARK:
    tell(MARK, "host name")
try:
    socket.sethostname(MARK)
except OSError as error:
    print(error)
for path in ("/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname", "/proc/self/oom_score_adj"):
    try:
        with open(path) as file:
            if MARK in file.read():
                tell(MARK, path)
        with open(path, "w") as file:
            file.write(MARK)
    except OSError as error:
        print(path, error)
"""),
    _leaving("leaves-bound-sockets", "leaves abstract sockets and ports that the next one can find",
             """
import socket
for address in ("\\0" + MARK, "/tmp/" + MARK + ".sock"):
    try:
        channel = socket.socket(socket.AF_UNIX)
        channel.bind(address)
        channel.listen()
        os.set_inheritable(channel.fileno(), True)
    except OSError as error:
        if error.errno == 98:
            tell(MARK, "socket", address)
        print(error)
try:
    channel = socket.create_server(("127.0.0.1", 54711))
except OSError as error:
    if error.errno == 98:
        tell(MARK, "port")
    print(error)
"""),
)  # fmt: skip
