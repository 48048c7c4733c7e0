#compdef plimsoll
# zsh completion for plimsoll: load it with source, or put it into a directory of $fpath as _plimsoll.

_plimsoll() {
	local -a found
	local line
	for line in "${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $line in
		'') ;;
		:files)
			compset -P '*='
			_files
			return
			;;
		*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
		esac
	done
	_describe plimsoll found
}

if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
	_plimsoll "$@"
else
	compdef _plimsoll plimsoll
fi
