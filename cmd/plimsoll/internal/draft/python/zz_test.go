package python
import ("testing";"path/filepath";"os";"io/fs";"fmt")
func TestZ(t *testing.T){
 n,bad,files:=0,0,0
 filepath.WalkDir("/usr/lib/python3", func(p string, d fs.DirEntry, err error) error {
  if filepath.Ext(p)==".py" { b,_:=os.ReadFile(p); body,pr,err:=Parse(p,string(b)); files++; if err!=nil { fmt.Println("ERR",err); bad++; return nil}; n+=len(body); for _,x:=range pr { fmt.Println(x); bad++ } }
  return nil})
 filepath.WalkDir("/usr/lib/python3.11", func(p string, d fs.DirEntry, err error) error {
  if filepath.Ext(p)==".py" { b,_:=os.ReadFile(p); body,pr,err:=Parse(p,string(b)); files++; if err!=nil { fmt.Println("ERR",err); bad++; return nil}; n+=len(body); for _,x:=range pr { fmt.Println(x); bad++ } }
  return nil})
 fmt.Println(files,n,bad)
}
