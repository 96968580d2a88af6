"""What a submission's process gives up for good before any of the submission runs. Linux, by system calls' numbers.

It is the first of a PID namespace of its own, so that all it may ever start ends with it; it sees a read-only system
and a small private /tmp; and it keeps no capability and no system call that reaches beyond itself.
"""

import ctypes
import errno
import gc
import io
import os
import platform
import resource
import struct
import sys

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_THREAD = 0x00020000, 0x08000000, 0x20000000, 0x00010000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 0x40000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, EQUALS, AT_LEAST, HAS_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # of the packet filter's machine
ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0x80000000
X32 = 0x40000000  # the numbers of another way to call the same kernel

# name: (x86_64, aarch64); None where there is no such call
DENIED = {
    # other processes, other programs
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440), "setns": (308, 268), "unshare": (272, 97), "personality": (135, 92),
    # when it runs, and where: whoever steps back by herself has not been kept waiting
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122), "setpriority": (141, 140), "ioprio_set": (251, 30),
    # the network
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242),
    # memory that others can reach
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189),
    "msgrcv": (70, 188), "msgctl": (71, 187), "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191),
    "semtimedop": (220, 192), "mq_open": (240, 180), "mq_unlink": (241, 181), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # files; a lock, or that a file is opened, can be seen by whoever runs at the same time
    "flock": (73, 32), "inotify_init": (253, None), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "open_by_handle_at": (304, 265), "mknod": (133, None),
    "mknodat": (259, 33), "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60),
    "fanotify_init": (300, 262), "name_to_handle_at": (303, 264),
    # the kernel's large and young parts
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "modify_ldt": (154, None), "iopl": (172, None),
    "ioperm": (173, None), "syslog": (103, 116), "acct": (163, 89), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "reboot": (169, 142), "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "sethostname": (170, 161), "setdomainname": (171, 162), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "mbind": (237, 235), "set_mempolicy": (238, 237), "vhangup": (153, 58),
}  # fmt: skip
CLONE, CLONE3, FCNTL = (56, 220), (435, 435), (72, 25)
LOCKS = 5, 36, 1024, 1026  # F_GETLK, F_OFD_GETLK, F_SETLEASE, F_NOTIFY
SYSCALLS = {"capset": (126, 91), "mount_setattr": (442, 442), "open_tree": (428, 428),
            "move_mount": (429, 429)}  # that we make ourselves

libc = ctypes.CDLL(None, use_errno=True)


def here(numbers):
    """Return a system call's number on this machine."""
    return numbers[list(AUDIT).index(platform.machine())]


def done(result, what):
    """Raise OSError if a call into the C library failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def fork():
    """Fork a process that is the first of a new PID namespace, by way of one that only waits for it.

    Returns: in the new process (0, 0); else the one to wait for, which ends as the new one does, and the one to kill.
    """
    reads, writes = os.pipe()
    waiter = os.fork()
    if waiter:
        os.close(writes)
        with open(reads, "rb") as pipe:
            told = pipe.read()
        if not told:
            raise OSError(f"no new PID namespace: {os.waitstatus_to_exitcode(os.waitpid(waiter, 0)[1])}")
        return waiter, int(told)
    try:
        done(libc.unshare(CLONE_NEWPID), "unshare")  # for children to come, and no way back
        pid = os.fork()
        if not pid:
            os.close(writes)
            os.close(reads)
            return 0, 0
        os.write(writes, str(pid).encode())
        os.closerange(3, 1024)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))
    except OSError as error:
        os._exit(error.errno or 1)


def enter(limits, keep, memory, files=()):
    """Give up everything but one socket, a read-only system and a small folder.

    Args: limits: the job's; keep: the socket; memory: how large the process may get, in bytes; files: what `files_read`
        returned in the warm process.
    """
    close_all_but(keep, files)
    done(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC), "unshare")
    done(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount")
    read_only = struct.pack("4Q", 1, 0, 0, 0)  # whatever was left writable, for the warm process's own start
    done(libc.syscall(here(SYSCALLS["mount_setattr"]), -100, b"/", 0x8000, read_only, len(read_only)), "mount_setattr")
    pythons = {os.path.realpath(folder) for folder in (sys.prefix, sys.base_prefix)} | {sys.prefix, sys.base_prefix}
    held = {folder: done(libc.syscall(here(SYSCALLS["open_tree"]), -100, folder.encode(), 0x8001), "open_tree")
            for folder in sorted(pythons) if folder.startswith("/tmp/")}  # or the new /tmp would hide them
    options = f"size={limits['disk_mb']}m,nr_inodes=4096,mode=700".encode()
    done(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", MS_NOSUID | MS_NODEV, options), "mount")
    for folder, tree in held.items():
        os.makedirs(folder, exist_ok=True)
        done(libc.syscall(here(SYSCALLS["move_mount"]), tree, b"", -100, folder.encode(), 4), "move_mount")
        os.close(tree)
    os.mkdir("/tmp/work")
    os.chdir("/tmp/work")
    seconds = int(2 * limits["seconds"]) + 10
    for kind, limit in (("AS", memory), ("FSIZE", limits["disk_mb"] << 20), ("CPU", seconds), ("NOFILE", 256),
                        ("NPROC", 256), ("CORE", 0), ("MEMLOCK", 0), ("MSGQUEUE", 0)):  # fmt: skip
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (limit, limit))
    done(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    done(libc.syscall(here(SYSCALLS["capset"]), header, nothing), "capset")
    install(program())


def files_read():
    """Return {descriptor: path} of the files this process has open to read: matplotlib keeps its fonts."""
    return {thing.fileno(): thing.name for thing in gc.get_objects()
            if isinstance(thing, io.BufferedReader) and not thing.closed and isinstance(thing.name, str)}  # fmt: skip


def close_all_but(keep, files=()):
    """Close what the warm process had open, and open the files it reads anew: a shared position is a message."""
    for handle in set(range(3, 1024)) - {keep}:
        try:
            place = os.lseek(handle, 0, os.SEEK_CUR) if handle in files else None
            os.close(handle)
        except OSError:  # there is none of that number, or it is no file
            continue
        if place is not None:
            fresh = os.open(files[handle], os.O_RDONLY | os.O_CLOEXEC)
            if fresh != handle:
                os.dup2(fresh, handle, inheritable=False)
                os.close(fresh)
            os.lseek(handle, place, os.SEEK_SET)


def program(allowed=(), machine=None):
    """Return the filter of system calls, as the kernel reads it.

    Args: allowed: names in DENIED that are let through all the same; machine: as the kernel calls it.
    """
    machine = machine or platform.machine()
    place = list(AUDIT).index(machine)
    denied = sorted(numbers[place] for name, numbers in DENIED.items() if name not in allowed
                    and numbers[place] is not None)  # fmt: skip
    steps = [(LOAD, 0, 0, 4), (EQUALS, 1, 0, AUDIT[machine]), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    if machine == "x86_64":
        steps += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, KILL)]
    for number in denied:
        steps += [(EQUALS, 0, 1, number), (RETURN, 0, 0, ERROR | errno.EPERM)]
    steps += [(EQUALS, 0, 2 + 2 * len(LOCKS), FCNTL[place]), (LOAD, 0, 0, 24)]
    for number in LOCKS:
        steps += [(EQUALS, 0, 1, number), (RETURN, 0, 0, ERROR | errno.EPERM)]
    steps.append((LOAD, 0, 0, 0))
    # The C library falls back from clone3, whose flags a filter cannot see, to clone. Threads are fine.
    steps += [(EQUALS, 0, 1, CLONE3[place]), (RETURN, 0, 0, ERROR | errno.ENOSYS)]
    if "fork" not in allowed:
        steps += [(EQUALS, 0, 3, CLONE[place]), (LOAD, 0, 0, 16), (HAS_BIT, 1, 0, CLONE_THREAD),
                  (RETURN, 0, 0, ERROR | errno.EPERM)]  # fmt: skip
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def install(filters):
    """Put a filter of system calls over this thread and all it starts."""
    code = ctypes.create_string_buffer(filters, len(filters))
    whole = struct.pack("HxxxxxxP", len(filters) // 8, ctypes.addressof(code))
    done(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, whole, 0, 0), "prctl")
