// Package descriptor reads descriptions of protobuf messages and gRPC services: .proto files and protosets.
//
// Both become the bytes of a FileDescriptorSet, which holds every file after those that it imports. Equal files
// give equal bytes. Files are read through a function, so the package opens none itself. Mistakes in a
// description are reported with file, line and column. A description may come from a stranger: the number of
// files, their bytes and their nesting are bounded.
//
// Reading .proto files is bufbuild/protocompile's work.
package descriptor

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Bounds on a description.
const (
	maxFiles   = 10_000
	maxSources = 1_000    // .proto files
	maxBytes   = 64 << 20 // of all files together
)

// Compile compiles .proto files and all that they import. It looks for them under each of the roots, or beside
// the profile if there are none. The files of Google's own types, such as google/protobuf/timestamp.proto, need
// not be there. The error joins one error for each mistake; see errors.Join.
func Compile(files, roots []string, read func(path string) ([]byte, error)) (set []byte, err error) {
	if len(roots) == 0 {
		roots = []string{"."}
	}
	source := &source{roots: roots, read: read}
	var names []string
	for _, name := range files {
		names = append(names, source.imported(name))
	}
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(protocompile.ResolverFunc(source.find)),
		MaxParallelism: 1,
		Reporter:       reporter.NewReporter(source.report, nil),
	}
	compiled, err := compiler.Compile(context.Background(), names...)
	if err := source.end(err); err != nil {
		return nil, err
	}
	return encode(compiled)
}

// source finds .proto files. The compiler may still be working on some after it has given up on others.
type source struct {
	roots []string
	read  func(path string) ([]byte, error)

	mu    sync.Mutex // guards what follows
	files int
	bytes int
	ended bool
	wrong error // a bound was passed, or a file cannot be read

	mistakes []reporter.ErrorWithPos // in files
}

// report notes an error in a file, so that the compiler goes on and finds the others.
func (s *source) report(err reporter.ErrorWithPos) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mistakes = append(s.mistakes, err)
	return nil
}

// end stops reading files and returns what was wrong; err comes from the compiler.
func (s *source) end(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	var positioned reporter.ErrorWithPos
	switch {
	case s.wrong != nil:
		return s.wrong
	case errors.As(err, &positioned):
		s.mistakes = append(s.mistakes, positioned)
	case err != nil && len(s.mistakes) == 0:
		return s.explain(err)
	}
	return s.joined()
}

// mostMistakes is how many mistakes an error lists at most: one may lead to many.
const mostMistakes = 20

// joined are the mistakes in files, in the order of their places.
func (s *source) joined() error {
	slices.SortStableFunc(s.mistakes, func(a, b reporter.ErrorWithPos) int {
		x, y := a.GetPosition(), b.GetPosition()
		return cmp.Or(cmp.Compare(x.Filename, y.Filename), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Col, y.Col))
	})
	var told []error
	for i, mistake := range s.mistakes {
		if i > 0 && mistake.GetPosition() == s.mistakes[i-1].GetPosition() {
			continue // what the parser makes of the same mistake
		}
		told = append(told, s.explain(mistake))
	}
	if more := len(told) - mostMistakes; more > 0 {
		told = append(told[:mostMistakes], fmt.Errorf("%d more mistakes in .proto files", more))
	}
	return errors.Join(told...)
}

// imported is the name by which others import a file: without the root in front.
func (s *source) imported(name string) string {
	name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
	for _, root := range s.roots {
		if rest, ok := strings.CutPrefix(name, path.Clean(root)+"/"); ok {
			return rest
		}
	}
	return name
}

// find is the content of a file.
func (s *source) find(name string) (protocompile.SearchResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return protocompile.SearchResult{}, fs.ErrClosed
	}
	for _, root := range s.roots {
		file := path.Join(root, name)
		if path.IsAbs(name) {
			file = name
		}
		content, err := s.read(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s.files++
		s.bytes += len(content)
		var of *fs.PathError
		switch {
		case errors.As(err, &of):
			s.wrong = fmt.Errorf("read %s: %w", file, of.Err)
		case err != nil:
			s.wrong = fmt.Errorf("read %s: %w", file, err)
		case s.files > maxSources || s.bytes > maxBytes:
			s.wrong = fmt.Errorf("the files are more than %d, or larger than %d MiB together; make a protoset of what is needed", maxSources, maxBytes>>20)
		case tooDeep(content):
			s.wrong = fmt.Errorf("%s is nested more than %d levels deep", name, maxDepth)
		}
		if s.wrong != nil {
			return protocompile.SearchResult{}, s.wrong
		}
		return protocompile.SearchResult{Source: bytes.NewReader(content)}, nil
	}
	return protocompile.SearchResult{}, fs.ErrNotExist
}

// maxDepth bounds the braces in a file: its parser works by recursion.
const maxDepth = 200

// tooDeep reports whether a file opens more braces and brackets than it closes, past the bound. Those in
// comments and texts count too.
func tooDeep(content []byte) bool {
	depth := 0
	for _, c := range content {
		switch c {
		case '{', '[', '<', '(':
			if depth++; depth > maxDepth {
				return true
			}
		case '}', ']', '>', ')':
			depth = max(depth-1, 0)
		}
	}
	return false
}

var (
	notFound = regexp.MustCompile(`^could not resolve path "([^"]+)"|^could not find file "([^"]+)"`)
	edition  = regexp.MustCompile(`edition value "([0-9]{4})" not recognized`)
)

// explain says what to do about an error of the compiler.
func (s *source) explain(err error) error {
	at, text := "", err.Error()
	var positioned reporter.ErrorWithPos
	if errors.As(err, &positioned) {
		p := positioned.GetPosition()
		at, text = fmt.Sprintf("%s:%d:%d: ", p.Filename, p.Line, p.Col), positioned.Unwrap().Error()
	}
	if match := edition.FindStringSubmatch(text); match != nil {
		return fmt.Errorf("%sedition %s is not read yet; make a protoset: protoc --include_imports -o api.binpb %s", at, match[1], strings.Split(at, ":")[0])
	}
	if match := notFound.FindStringSubmatch(text); match != nil {
		return fmt.Errorf("%s%s is nowhere under %s; add its root to import", at, match[1]+match[2], strings.Join(s.roots, ", "))
	}
	return errors.New(at + text)
}

// encode is compiled files, and all that they import, as a set.
func encode(files linker.Files) ([]byte, error) {
	set, seen := &descriptorpb.FileDescriptorSet{}, map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i).FileDescriptor)
		}
		one := protodesc.ToFileDescriptorProto(f)
		one.SourceCodeInfo = nil
		set.File = append(set.File, one)
	}
	for _, f := range files {
		add(f)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(set)
}

// Protoset reads compiled descriptors, as protoc and buf write them.
func Protoset(content []byte) (set []byte, err error) {
	if len(content) > maxBytes {
		return nil, fmt.Errorf("it is larger than %d MiB", maxBytes>>20)
	}
	files, err := Files(content)
	if err != nil {
		return nil, err
	}
	if files.NumFiles() == 0 {
		return nil, errors.New("it describes nothing; make it with: protoc --include_imports -o api.binpb …")
	}
	return content, nil
}

// Files are the files of a set. Those of Google's own types may be missing in it.
func Files(set []byte) (*protoregistry.Files, error) {
	var decoded descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &decoded); err != nil {
		return nil, errors.New("it is no set of descriptors; make it with: protoc --include_imports -o api.binpb …")
	}
	if len(decoded.File) > maxFiles {
		return nil, fmt.Errorf("it has more than %d files", maxFiles)
	}
	return link(decoded.File)
}

// link links files, in whatever order they come.
func link(described []*descriptorpb.FileDescriptorProto) (*protoregistry.Files, error) {
	l := linking{byName: map[string]*descriptorpb.FileDescriptorProto{}, files: &protoregistry.Files{}, begun: map[string]bool{}}
	for _, f := range described {
		if l.byName[f.GetName()] == nil {
			l.byName[f.GetName()] = f
		}
	}
	for _, f := range described {
		if err := l.add(f.GetName(), nil); err != nil {
			return nil, err
		}
	}
	return l.files, nil
}

// linking adds files after those that they import.
type linking struct {
	byName map[string]*descriptorpb.FileDescriptorProto
	files  *protoregistry.Files
	begun  map[string]bool
}

// maxImports bounds how deep files import each other.
const maxImports = 500

func (l *linking) add(name string, by []string) error {
	if _, err := l.files.FindFileByPath(name); err == nil {
		return nil
	}
	f := l.byName[name]
	if f == nil {
		known, err := protoregistry.GlobalFiles.FindFileByPath(name)
		if err != nil || !strings.HasPrefix(name, "google/protobuf/") {
			return fmt.Errorf("it lacks %s, which %s imports; make it with: protoc --include_imports -o api.binpb …", name, by[len(by)-1])
		}
		f = protodesc.ToFileDescriptorProto(known)
	}
	switch {
	case l.begun[name]:
		return fmt.Errorf("%s imports itself", name)
	case len(by) > maxImports:
		return fmt.Errorf("its files import each other more than %d levels deep", maxImports)
	}
	l.begun[name] = true
	for _, imported := range f.GetDependency() {
		if err := l.add(imported, append(by, name)); err != nil {
			return err
		}
	}
	linked, err := protodesc.NewFile(f, l.files)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return l.files.RegisterFile(linked)
}
