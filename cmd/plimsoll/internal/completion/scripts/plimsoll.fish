# fish completion for plimsoll.

function __plimsoll_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc) "$current"
    for line in ($words[1] complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            set -l flag (string match -r '^-.*=' -- $current)
            for file in (__fish_complete_path (string replace -r '^-.*=' '' -- $current))
                echo "$flag"$file
            end
        else
            echo $line
        end
    end
end

complete -c plimsoll -f -a '(__plimsoll_complete)'
