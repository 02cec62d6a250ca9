/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_completion.c -- moesim completion SHELL: a script that lets the shell complete moesim's command lines.
 *
 * The scripts know nothing of commands and flags: they ask the program that is being typed (completion --words), so
 * that they fit every version of it.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "experiments/cli/cmd.h"
#include "experiments/cli/complete.h"
#include "sim/base/text.h"

struct completion_options {
	bool words;
};

static const struct moe_opt rows[] = {
	{ .name = "words",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct completion_options, words),
	  .help = "print the candidates for the last argument instead, which follows '--' and the other words of a line" },
	{ .name = NULL },
};

/* bash parts words at '=' and ':', too, and wants to be told only what follows the last of them. */
static const char bash[] =
	"# bash completion for moesim\n"
	"_moesim()\n"
	"{\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} glue= word rest i\n"
	"\tlocal -a words=()\n"
	"\tCOMPREPLY=()\n"
	"\tfor ((i = 1; i <= COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif ((${#words[@]})) && [[ -n $glue || $word == [=:]* ]]; then\n"
	"\t\t\twords[${#words[@]} - 1]+=$word\n"
	"\t\telse\n"
	"\t\t\twords+=(\"$word\")\n"
	"\t\tfi\n"
	"\t\tglue=\n"
	"\t\t[[ $word == *[=:] ]] && glue=yes\n"
	"\tdone\n"
	"\twords=(\"${words[@]#[\\'\\\"]}\")\n"
	"\trest=${words[${#words[@]} - 1]}\n"
	"\t[[ $current == [=:] ]] && current=\n"
	"\trest=${rest%\"${current#[\\'\\\"]}\"}\n"
	"\twhile IFS=$'\\t' read -r word _; do\n"
	"\t\tif [[ $word == :files ]]; then\n"
	"\t\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\t\twhile read -r word; do\n"
	"\t\t\t\tCOMPREPLY+=(\"$word\")\n"
	"\t\t\tdone < <(compgen -f -- \"$current\")\n"
	"\t\telse\n"
	"\t\t\tCOMPREPLY+=(\"${word#\"$rest\"}\")\n"
	"\t\tfi\n"
	"\tdone < <(\"${COMP_WORDS[0]/#\\~/$HOME}\" completion --words -- \"${words[@]}\" 2>/dev/null)\n"
	"\t[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=,] ]] && compopt -o nospace 2>/dev/null\n"
	"\treturn 0\n"
	"}\n"
	"complete -F _moesim moesim\n";

static const char zsh[] = "#compdef moesim\n"
						  "# zsh completion for moesim\n"
						  "_moesim()\n"
						  "{\n"
						  "\tlocal line word files=\n"
						  "\tlocal -a open open_text whole whole_text\n"
						  "\tfor line in ${(f)\"$(\"${words[1]/#\\~/$HOME}\" completion --words -- "
						  "\"${(@Q)words[2,CURRENT]}\" 2>/dev/null)\"}; do\n"
						  "\t\tword=${line%%$'\\t'*}\n"
						  "\t\tif [[ $word == :files ]]; then\n"
						  "\t\t\tfiles=yes\n"
						  "\t\telif [[ $word == *[=,] ]]; then\n"
						  "\t\t\topen+=(\"$word\")\n"
						  "\t\t\topen_text+=(\"$word  ${line#*$'\\t'}\")\n"
						  "\t\telse\n"
						  "\t\t\twhole+=(\"$word\")\n"
						  "\t\t\twhole_text+=(\"$word  ${line#*$'\\t'}\")\n"
						  "\t\tfi\n"
						  "\tdone\n"
						  "\t((${#open})) && compadd -S '' -l -d open_text -a open\n"
						  "\t((${#whole})) && compadd -l -d whole_text -a whole\n"
						  "\t[[ -n $files ]] && _files\n"
						  "}\n"
						  "if [[ ${funcstack[1]} == _moesim ]]; then\n"
						  "\t_moesim \"$@\"\n"
						  "else\n"
						  "\tcompdef _moesim moesim\n"
						  "fi\n";

static const char fish[] = "# fish completion for moesim\n"
						   "function __moesim_complete\n"
						   "\tset -l words (commandline -opc)\n"
						   "\tset -l last (commandline -ct)\n"
						   "\tfor line in ($words[1] completion --words -- $words[2..-1] \"$last\" 2>/dev/null)\n"
						   "\t\tif test \"$line\" = :files\n"
						   "\t\t\t__fish_complete_path \"$last\"\n"
						   "\t\telse\n"
						   "\t\t\techo $line\n"
						   "\t\tend\n"
						   "\tend\n"
						   "end\n"
						   "complete -c moesim -f -a '(__moesim_complete)'\n";

static const struct {
	const char *name, *script;
} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
enum { SHELLS = sizeof shells / sizeof *shells };

static const char *const *shell_names(void)
{
	static const char *names[SHELLS + 1];
	for (size_t i = 0; i < SHELLS; i++)
		names[i] = shells[i].name;
	return names;
}

static int completion(const void *options, int argc, char **args, struct error *err)
{
	const struct completion_options *opt = options;
	if (opt->words) {
		complete_print((size_t)argc, args, stdout);
		return 0;
	}
	if (argc != 1)
		return fail(err, ERROR_USER, "completion takes one shell: bash, zsh, fish");
	for (size_t i = 0; i < SHELLS; i++)
		if (strcmp(args[0], shells[i].name) == 0) {
			fputs(shells[i].script, stdout);
			return 0;
		}
	const char *near = text_nearest(args[0], shell_names());
	return fail(err, ERROR_USER, "unknown shell '%s' (%s%s%s)", args[0],
				near ? "did you mean '" : "known: ", near ? near : "bash, zsh, fish", near ? "'?" : "");
}

const struct command command_completion = {
	.name = "completion",
	.summary = "shell completion for bash, zsh, or fish",
	.arguments = "SHELL",
	.about = "Prints a script that completes moesim's commands, flags and values in bash, zsh or fish; 'make install' "
			 "puts it "
			 "in place. To try it in bash: source <(moesim completion bash).",
	.opts = rows,
	.opts_size = sizeof(struct completion_options),
	.words = shell_names,
	.run = completion,
};
