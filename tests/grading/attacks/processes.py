"""Processes that outlive the submission, replace it, or attack others."""

from tests.grading.attacks import code

ATTACKS = (
    code("fork", "forks a process that stays",
         """
import time
if os.fork() == 0:
    time.sleep(600)
    os._exit(0)
"""),
    code("fork-that-goes-on", "forks and lets both go on, to answer twice",
         """
for _ in range(3):
    os.fork()
"""),
    code("daemon", "forks twice, leaves its session and closes its files, to stay for ever",
         """
import time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        os.closerange(0, 256)
        time.sleep(600)
    os._exit(0)
"""),
    code("subprocess", "starts a program that stays",
         """
import subprocess
subprocess.Popen(["sleep", "600"], start_new_session=True)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, close_fds=False)
"""),
    code("posix-spawn", "starts a program by posix_spawn and by the shell",
         """
try:
    os.posix_spawn("/bin/sleep", ["sleep", "600"], {})
finally:
    os.system("sleep 600 & setsid sleep 600 &")
    os.popen("nohup sleep 600")
"""),
    code("multiprocessing", "starts workers by all ways multiprocessing knows",
         """
import multiprocessing, time
for way in ("fork", "spawn", "forkserver"):
    try:
        multiprocessing.get_context(way).Process(target=time.sleep, args=(600,), daemon=False).start()
    except BaseException as error:
        print(way, type(error).__name__)
"""),
    code("clone", "makes processes by the system calls themselves",
         """
import ctypes, platform, time
libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": (56, 57, 58, 435), "aarch64": (220, 435)}.get(platform.machine(), ())
for number in numbers:
    flags = 17 | (0x8000 if number == 56 else 0)
    result = libc.syscall(number, flags, 0, 0, 0, 0) if number != 435 else libc.syscall(number, 0, 0)
    if result == 0:
        time.sleep(600)
        os._exit(0)
    print(number, result, ctypes.get_errno())
"""),
    code("exec", "replaces itself by another program",
         """
os.execv("/bin/sleep", ["sleep", "600"])
""", endless=True),
    code("exec-on-other-channel", "replaces itself by a program that answers on the same channels",
         """
for fd in range(3, 64):
    try:
        os.set_inheritable(fd, True)
    except OSError:
        pass
os.execv(sys.executable, [sys.executable, "-c", '''
import os
while True:
    for fd in range(3, 64):
        try:
            os.write(fd, b"{}" * 100)
        except OSError:
            pass
'''])
""", endless=True, unsafe="the program it becomes writes to the kernel's own sockets without end"),
    code("kills-everyone", "kills every process it may",
         """
import signal
for number in (signal.SIGTERM, signal.SIGKILL):
    try:
        os.kill(-1, number)
    except OSError as error:
        print(error)
""", unsafe="it kills whoever runs it, and the comparison with it"),
    code("kills-its-parent", "kills its parent, its group and process 1",
         """
import signal
for target in (os.getppid(), 1, 2, 3, 4):
    if target != os.getpid():
        try:
            os.kill(target, signal.SIGKILL)
        except OSError as error:
            print(error)
try:
    os.killpg(0, signal.SIGUSR1)
except OSError as error:
    print(error)
""", unsafe="it kills whoever runs it, and the comparison with it"),
    code("stops-its-parent", "stops its parent and its group, so that they neither end nor go on",
         """
import signal
for target in (os.getppid(), 1, 0):
    try:
        os.kill(target, signal.SIGSTOP)
    except OSError as error:
        print(error)
""", endless=True, unsafe="it stops whoever runs it, and the comparison with it"),
    code("stops-itself", "stops itself, and is then neither dead nor alive",
         """
import signal
os.kill(os.getpid(), signal.SIGSTOP)
""", endless=True),
    code("writes-into-others", "writes into the memory of other processes",
         """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for pid in (os.getppid(), 1, 2, 3):
    if pid != os.getpid() and pid > 0:
        for request in (16, 0x4206):
            if libc.ptrace(request, pid, 0, 0) == 0:
                tell("attached to", pid)
        try:
            with open(f"/proc/{pid}/mem", "r+b"):
                tell("opened the memory of", pid)
        except OSError as error:
            print(error)
"""),
    code("more-rights", "raises its own limits, priority and rights",
         """
import resource
for name in [n for n in dir(resource) if n.startswith("RLIMIT_")]:
    try:
        before = resource.getrlimit(getattr(resource, name))
        resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY,) * 2)
        if before[1] != resource.RLIM_INFINITY and name in ("RLIMIT_AS", "RLIMIT_FSIZE"):
            tell("lifted", name)
    except (OSError, ValueError) as error:
        print(name, error)
for raise_ in (lambda: os.nice(-20), lambda: os.setuid(0), lambda: os.setgroups([0]),
               lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))):
    try:
        raise_()
    except OSError as error:
        print(error)
sum(bytearray(2_600_000_000)[::1 << 20])
tell("more memory than the limit")
"""),
    code("stops-its-clock", "takes the idle priority and one processor, behind a thread of its own that computes",
         """
import threading
def compute():
    while True:
        sum(range(10**6))
for step in (lambda: os.sched_setaffinity(0, {0}), lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)),
             lambda: os.setpriority(os.PRIO_PROCESS, 0, 19), lambda: os.nice(19)):
    try:
        step()
        tell("it may step back")
    except OSError as error:
        print(type(error).__name__)
threading.Thread(target=compute, daemon=True).start()
while True:
    pass
""", endless=True),
    code("crowds-out", "computes in as many threads as it can have, so that its neighbours come late",
         """
import threading
def compute():
    while True:
        sum(range(10**6))
started = 0
try:
    for started in range(1, 200):
        threading.Thread(target=compute, daemon=True).start()
except RuntimeError:
    pass
if started > 40:
    tell("as many threads as it likes:", started)
while True:
    pass
""", endless=True),
)  # fmt: skip
