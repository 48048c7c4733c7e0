package proc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reader reads one machine.
type Reader struct {
	proc int    // directory, open, or -1
	root string // of the file system
	err  error  // why there is no proc

	real  bool   // proc is the kernel's, not a recording
	name  []byte // of the file that is being opened, with a zero at its end
	text  []byte // of the file that was read last
	names []byte // of the directory that is being read
	pids  []int  // or other numbers, of the directory that was read last
	kept  int    // files of threads that are open

	maxOpen int // of those

	devices devices
}

// NewReader returns a Reader of the machine whose file system has its root there: "/" but for recordings.
func NewReader(root string) *Reader {
	r := &Reader{root: root, text: make([]byte, 16<<10), names: make([]byte, 16<<10), maxOpen: maxOpen()}
	fd, err := unix.Open(root+"/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	r.proc, r.err = fd, err
	var kind unix.Statfs_t
	r.real = err == nil && unix.Fstatfs(fd, &kind) == nil && int64(kind.Type) == unix.PROC_SUPER_MAGIC //nolint:unconvert // its type differs by architecture
	return r
}

// Close closes the Reader. Its trees have to be closed before.
func (r *Reader) Close() {
	if r.proc >= 0 {
		_ = unix.Close(r.proc) // nothing was written
		r.proc = -1
	}
}

// of begins the name of a file of a process. The Reader's own buffer holds it.
func (r *Reader) of(pid int, file string) {
	r.name = strconv.AppendInt(r.name[:0], int64(pid), 10)
	r.and(file)
}

// task begins the name of a file of a thread.
func (r *Reader) task(pid, tid int, file string) {
	r.name = append(strconv.AppendInt(r.name[:0], int64(pid), 10), "/task/"...)
	r.name = strconv.AppendInt(r.name, int64(tid), 10)
	r.and(file)
}

// and ends the name that was begun.
func (r *Reader) and(file string) { r.name = append(append(r.name, file...), 0) }

// open opens the file that r.name names.
func (r *Reader) open(flags int) (fd int, err error) {
	for {
		fd, _, failed := unix.Syscall6(unix.SYS_OPENAT, uintptr(r.proc), uintptr(unsafe.Pointer(&r.name[0])),
			uintptr(flags|unix.O_CLOEXEC|unix.O_RDONLY), 0, 0, 0)
		switch failed {
		case 0:
			return int(fd), nil
		case unix.EINTR:
		default:
			return -1, failed
		}
	}
}

// read reads the file that r.name names. The text is valid until the next read.
func (r *Reader) read() (text []byte, err error) {
	fd, err := r.open(0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	for n := 0; ; {
		if n == len(r.text) {
			r.text = append(r.text, make([]byte, len(r.text))...)
		}
		more, err := unix.Read(fd, r.text[n:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, err
		case more == 0:
			return r.text[:n], nil
		default:
			n += more
		}
	}
}

// file reads a file of a process.
func (r *Reader) file(pid int, name string) ([]byte, error) {
	r.of(pid, name)
	return r.read()
}

// general reads a file of the machine, such as "meminfo".
func (r *Reader) general(name string) ([]byte, error) {
	if r.proc < 0 {
		return nil, r.err
	}
	r.name = r.name[:0]
	r.and(name)
	return r.read()
}

// numbers appends the entries of the directory that r.name names, of those which are numbers.
func (r *Reader) numbers(into []int) ([]int, error) {
	fd, err := r.open(unix.O_DIRECTORY)
	if err != nil {
		return into, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	for {
		n, err := unix.Getdents(fd, r.names)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n <= 0 {
			return into, err
		}
		into = entries(r.names[:n], into)
	}
}

// entries reads what getdents64(2) wrote: of each entry its length at 16, and its name from 19 to a zero.
func entries(text []byte, into []int) []int {
	for len(text) > 19 {
		length := int(binary.NativeEndian.Uint16(text[16:]))
		if length < 20 || length > len(text) {
			break
		}
		name := text[19:length]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if n, ok := whole(name); ok {
			into = append(into, int(n))
		}
		text = text[length:]
	}
	return into
}

// link reads the symbolic link that r.name names. The text is valid until the next read.
func (r *Reader) link() ([]byte, error) {
	n, _, failed := unix.Syscall6(unix.SYS_READLINKAT, uintptr(r.proc), uintptr(unsafe.Pointer(&r.name[0])),
		uintptr(unsafe.Pointer(&r.text[0])), uintptr(len(r.text)), 0, 0)
	if failed != 0 {
		return nil, failed
	}
	return r.text[:n], nil
}

// size is the size of the file that r.name names, or 0.
func (r *Reader) size() int {
	var s unix.Statx_t
	_, _, failed := unix.Syscall6(unix.SYS_STATX, uintptr(r.proc), uintptr(unsafe.Pointer(&r.name[0])), 0,
		unix.STATX_SIZE, uintptr(unsafe.Pointer(&s)), 0)
	if failed != 0 {
		return 0
	}
	return int(s.Size)
}

// gone tells whether an error says that the process, or thread, has ended.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) }

// denied tells whether an error says that this user may not read the file.
func denied(err error) bool { return errors.Is(err, fs.ErrPermission) }

// DiskSpace is the space of the file system that holds a directory.
func (r *Reader) DiskSpace(dir string) (Space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Space{}, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return Space{Total: int64(s.Blocks) * int64(s.Bsize), Free: int64(s.Bavail) * int64(s.Bsize)}, nil //nolint:unconvert // its type differs by architecture
}
