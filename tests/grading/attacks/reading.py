"""Reading what is not the student's: the reference, the seed, the gradebook, others' work, the environment."""

from tests.grading.attacks import code

READ = '''
def read(path):
    """Show a file's text, if it can be had, and a word of it wherever it is long."""
    try:
        with open(path, "rb") as file:
            text = file.read(200_000)
    except OSError as error:
        return print(path, type(error).__name__)
    print(path, text.decode("latin-1"))
'''


def _reading(name, tries, source, **rest):
    return code(name, tries, READ + source, **rest)


ATTACKS = (
    _reading("reads-course", "reads the source with its solutions, the release and the course's files",
             """
for path in ("canary.txt", "source/ps03/ps03.ipynb", "release/ps03/ps03.ipynb", "ps03.md", "nbgrader_config.py"):
    read(os.path.join(PLACE["course"], path))
"""),
    _reading("reads-gradebook", "reads the gradebook, and writes to it",
             """
path = os.path.join(PLACE["course"], "gradebook.db")
read(path)
import sqlite3
try:
    with sqlite3.connect(path, timeout=1) as book:
        print(book.execute("select * from student").fetchall())
        book.execute("update grade set auto_score = 5, manual_score = 5")
        book.execute("update base_cell set max_score = 5000")
        tell("wrote to the gradebook")
except Exception as error:
    print("gradebook:", type(error).__name__)
"""),
    _reading("reads-seed", "looks for the secret seed, the journal and whatever else the grader keeps",
             """
for folder in (PLACE["course"], os.path.join(PLACE["course"], ".grading"), os.path.dirname(PLACE["course"])):
    for path, _, names in os.walk(folder):
        for name in names:
            if "seed" in name or name == "secret" or "journal" in name or name.endswith((".jsonl", ".key")):
                tell("found", name)
                read(os.path.join(path, name))
"""),
    _reading("reads-neighbours", "reads what others have handed in",
             """
for folder in ("submitted", "autograded", "feedback"):
    for path, _, names in os.walk(os.path.join(PLACE["course"], folder)):
        for name in names:
            tell("another's file", name)
            read(os.path.join(path, name))
"""),
    _reading("reads-beside", "looks upwards and sideways from where it runs",
             """
for path in (".", "..", "../..", "../../..", "../../../..", os.path.expanduser("~"), os.path.expanduser("~root")):
    try:
        names = os.listdir(path)
    except OSError:
        continue
    print(path, names)
    if any(name in names for name in ("gradebook.db", "submitted", "source", "canary.txt", ".ssh")):
        tell("course files", path)
    for name in names:
        if os.path.isfile(os.path.join(path, name)):
            read(os.path.join(path, name))
"""),
    _reading("reads-checks", "reads the specifications where the package is installed",
             """
import importlib.util
for module in ("gdcourse.checks.descent", "gdcourse.checks.momentum", "gdcourse.grading.running.execute"):
    try:
        print(importlib.util.find_spec(module).origin)
        read(importlib.util.find_spec(module).origin)
    except Exception as error:
        print(module, type(error).__name__)
read(os.path.join(PLACE["package"], "checks", "descent.py"))
"""),
    _reading("reads-withheld-source", "reads the withheld functions where the package is installed",
             """
import gdcourse
for folder in (PLACE["package"], os.path.dirname(gdcourse.__file__), *gdcourse.__path__):
    for name in ("theory.py", "descent.py", "data.py"):
        read(os.path.join(folder, name))
"""),
    _reading("reads-bytecode", "reads compiled modules, with what their constants say",
             """
import glob, marshal, gdcourse
for folder in (PLACE["package"], os.path.dirname(gdcourse.__file__)):
    for path in glob.glob(os.path.join(folder, "**", "*.pyc"), recursive=True):
        if "descent" in path or "theory" in path or "checks" in path:
            print(path)
            with open(path, "rb") as file:
                code = marshal.loads(file.read()[16:])
            print(code.co_names, [getattr(c, "co_name", c) for c in code.co_consts])
            if "checks" in path and "spectral_by_kappa" in code.co_names:
                tell("compiled specification")
"""),
    _reading("reads-package-metadata", "follows the installed package's records to the checkout",
             """
import glob, json, site
for folder in {*sys.path, *site.getsitepackages()}:
    for path in glob.glob(os.path.join(folder, "*gdcourse*", "*")) + glob.glob(os.path.join(folder, "*gdcourse*.pth")):
        read(path)
        try:
            with open(path) as file:
                for line in file.read().split():
                    if os.path.isdir(line.strip()):
                        read(os.path.join(line.strip(), "gdcourse", "checks", "descent.py"))
        except (OSError, UnicodeDecodeError):
            pass
"""),
    _reading("reads-environment", "reads the environment, its own and its parents'",
             """
print(dict(os.environ))
for number in ("self", "1", *(str(n) for n in range(2, 60)), str(os.getppid())):
    for name in ("environ", "cmdline"):
        read(f"/proc/{number}/{name}")
import ctypes
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
index = 0
while environ[index]:
    print(environ[index])
    index += 1
"""),
    _reading("reads-proc", "looks for the machine through /proc: roots, working folders, memory, mounts",
             """
for number in ("self", "1", "2", str(os.getppid()), "thread-self"):
    for name in ("mountinfo", "status", "stat", "cgroup"):
        read(f"/proc/{number}/{name}")
    for way in ("root", "cwd", "root/proc/1/root"):
        path = f"/proc/{number}/{way}" + PLACE["course"] + "/canary.txt"
        read(path)
read("/proc/kcore"), read("/proc/keys"), read("/proc/sysrq-trigger")
try:
    print(os.listdir("/proc"))
except OSError:
    pass
"""),
    _reading("reads-home", "reads home: keys, histories, tokens",
             """
for home in (PLACE["home"], "/root", "/home", os.path.expanduser("~")):
    for path, folders, names in os.walk(home):
        for name in names:
            if name.startswith("canary") or name in ("id_ed25519", ".netrc", ".bash_history"):
                read(os.path.join(path, name))
"""),
    _reading("reads-tmp", "reads what others keep in the folders for temporary files",
             """
for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", PLACE["tmp"]):
    for path, folders, names in os.walk(folder):
        for name in names:
            if "canary" in name or name.endswith((".ipynb", ".db", ".json")):
                read(os.path.join(path, name))
"""),
    _reading("reads-etc", "reads the system's secrets",
             """
for path in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/ssh_host_ed25519_key", "/var/log/auth.log"):
    try:
        with open(path, "rb") as file:
            if file.read(10):
                tell("could read", path)
    except OSError as error:
        print(path, type(error).__name__)
"""),
    _reading("walks-everything", "walks the whole file system for a second for anything called a canary",
             """
import time
until = time.monotonic() + 1
for path, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if name not in ("proc", "sys", "usr")]
    if time.monotonic() > until:
        break
    for name in names:
        if "canary" in name or name in ("gradebook.db", "seed"):
            read(os.path.join(path, name))
"""),
    _reading("opens-by-handle", "opens files by handle, past every mount",
             """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)

class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("handle", ctypes.c_ubyte * 128)]

root = os.open("/", os.O_RDONLY)
for inode in (2, 64, 96, 128, 256, 1024):
    handle = Handle(8, 1, (ctypes.c_ubyte * 128)(*inode.to_bytes(8, "little")))
    fd = libc.open_by_handle_at(root, ctypes.byref(handle), os.O_RDONLY)
    if fd >= 0:
        tell("opened by handle", os.listdir(fd))
"""),
    _reading("remounts", "mounts, unshares and changes root to see what lies beneath",
             """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
done = []
done.append(("unshare", libc.unshare(0x10000000 | 0x00020000)))
done.append(("mount", libc.mount(b"proc", b"/proc", b"proc", 0, None)))
done.append(("umount", libc.umount2(b"/tmp", 2)))
done.append(("remount", libc.mount(None, b"/", None, 32 | 4096, None)))
done.append(("chroot", libc.chroot(b"/proc/1/root")))
done.append(("setns", libc.setns(0, 0)))
print(done)
for name, result in done:
    if result == 0 and name != "unshare":
        tell("could", name)
read(PLACE["course"] + "/canary.txt")
"""),
    _reading("system-calls", "tries the system calls that are for debuggers, keys and kernels",
             """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
calls = {"x86_64": dict(ptrace=101, add_key=248, keyctl=250, perf_event_open=298, process_vm_readv=310, bpf=321,
                        userfaultfd=323, io_uring_setup=425, pidfd_open=434, pidfd_getfd=438, memfd_create=319,
                        init_module=175, kexec_load=246, reboot=169, swapon=167, settimeofday=164, acct=163)}
for name, number in calls.get(platform.machine(), {}).items():
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0)
    print(name, result, ctypes.get_errno())
    if result >= 0:
        tell("the kernel takes", name)
"""),
    _reading("reads-through-links", "links to what it may not read, and reads the link",
             """
for target in (PLACE["course"] + "/canary.txt", PLACE["home"] + "/canary.txt"):
    for make in (os.symlink, os.link):
        try:
            make(target, "looks-harmless")
            read("looks-harmless")
            os.unlink("looks-harmless")
        except OSError as error:
            print(make.__name__, type(error).__name__)
"""),
    _reading("reads-by-libraries", "lets NumPy, matplotlib and the shell read files for it",
             """
import numpy as np
import linecache, mmap
path = PLACE["course"] + "/canary.txt"
for reader in (np.fromfile, np.loadtxt, np.genfromtxt, linecache.getlines, lambda p: __import__("runpy").run_path(p),
               lambda p: get_ipython().run_line_magic("run", p), lambda p: get_ipython().getoutput(f"cat {p}"),
               lambda p: __import__("imageio").imread(p), lambda p: np.memmap(p, mode="r").tobytes()):
    try:
        print(reader(path))
    except BaseException as error:
        print(type(error).__name__)
"""),
)  # fmt: skip
