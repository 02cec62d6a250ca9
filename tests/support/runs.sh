# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# runs.sh -- run folders whose every number can be worked out by hand, for the tests of the charts.

# make_run FOLDER STRATEGY SEED EXCESS MAXVIO [CAPACITY [WIDTH]] -- one finished run of 40 steps, 100 tokens each.
# Excess loss falls from EXCESS + 2 to EXCESS; the Bayes loss is 2 nats; of 4 experts in each of 2 layers the last is
# dead at the end; domain d sends most of its tokens to expert d; at place p of a sequence p tenths are dropped.  A
# step takes 0.2 seconds.  dense has no experts; expert-choice is not causal.
make_run()
{
	mkdir -p "$1"
	awk -v folder="$1" -v strategy="$2" -v seed="$3" -v excess="$4" -v maxvio="$5" -v capacity="${6:-1}" -v width="${7:-16}" '
	function put(file, line) { print line >(folder "/" file) }
	function quoted(text) { gsub(/["\\]/, "\\\\&", text); return "\"" text "\"" }
	function setting(name, value) { return "{\"name\": \"" name "\", \"value\": \"" value "\", \"origin\": \"suite\"}" }
	BEGIN {
		routed = strategy != "dense"
		sentence = "scorer=softmax selector=top-k,second=none gate=score balance=none experts=4 capacity=" capacity
		put("manifest.json", "{\"format\": 1, \"status\": \"done\", \"strategy\": " quoted(strategy) ",")
		put("manifest.json", " \"sentence\": \"" sentence "\", \"seed\": " seed ",")
		put("manifest.json", " \"settings\": [" setting("experts", 4) ", " setting("capacity", capacity) ", " \
			setting("expert-width", width) ", " setting("seed", seed) "],")
		put("manifest.json", " \"stream\": {\"sentence\": \"topicmix,domains=3\"}}")

		put("steps.csv", "step,tokens,loss,lm_loss,aux_loss,z_loss,eval_loss,bayes_loss,excess_loss,lr,grad_norm,flops")
		for (step = 0; step <= 40; step += 5) {
			now = excess + 2 * (40 - step) / 40
			measured = step % 10 == 0
			put("steps.csv", step "," 100 * step "," now + 2.1 "," now + 2 ",1,," (measured ? now + 2 ",2," now : ",,") \
				",0.01,1," 1000 * step)
		}
		put("timing.csv", "step,data_s,forward_s,backward_s,optim_s,metrics_s")
		for (step = 0; step <= 40; step += 10)
			put("timing.csv", step (step ? ",0.25,0.5,1,0.25,99" : ",0,0,0,0,99"))
		put("layers.csv", "step,layer,scope,maxvio,maxvio_floor,cv,entropy,gini,effective_experts,dead_experts,drop_rate,domain_mi,domain_nmi,top1_prob")
		put("experts.csv", "step,layer,expert,assigned,kept,prob,bias")
		if (routed) {
			put("positions.csv", "step,layer,position,assigned,kept")
			for (layer = 0; layer < 2; layer++)
				for (place = 0; place < 4; place++)
					put("positions.csv", "40," layer "," place ",100," 100 - 10 * place)
		}
		if (routed) {
			put("bandwidth.csv", "link,gbps,layer_ms,exposed_ms,exposed_share,bottleneck")
			for (gbps = 1; gbps <= 64; gbps *= 2) {
				travel = 16 * (1 + excess) / gbps
				put("bandwidth.csv", "nic," gbps "," 2 + travel "," travel "," travel / (2 + travel) ",nic")
			}
			put("phases.csv", "layer,phase,level,rows_max,rows_mean,time_ms")
			put("devices.csv", "layer,device,computed,sent_nvl,received_nvl,sent_nic,received_nic")
			for (layer = 0; layer < 2; layer++) {
				put("phases.csv", layer ",dispatch,all,10,8,1\n" layer ",compute,device,40,20,2\n" layer ",combine,all,10,8,3")
				put("phases.csv", layer ",forward,all,0,0,6\n" layer ",layer,all,0,0,6")
				for (device = 0; device < 4; device++)
					put("devices.csv", layer "," device "," 10 * (1 + device) ",3,4,5," 6 + device)
			}
		}
		put("domains.csv", "step,layer,domain,expert,tokens")
		for (step = 0; routed && step <= 40; step += 10)
			for (layer = 0; layer < 2; layer++) {
				put("layers.csv", step "," layer ",batch,9,9,9,9,9,9,9,9,9,9,9")
				put("layers.csv", step "," layer ",eval," maxvio ",0.05,0.5,1,0.2,3," (step > 20) ",0.125,0.1," step / 100 "," 0.2 + step / 100)
				for (expert = 0; expert < 4; expert++) {
					dead = expert == 3 && step > 20
					put("experts.csv", step "," layer "," expert "," (dead ? 0 : 100 - 10 * expert) ",1,0.25,0")
					for (domain = 0; domain < 3; domain++)
						put("domains.csv", step "," layer ",domain " domain "," expert "," (dead ? 0 : domain == expert ? 60 : 20))
				}
			}
		put("summary.csv", "run,strategy,sentence,seed,status,steps,tokens,eval_loss,bayes_loss,excess_loss,maxvio,cv,dead_experts,drop_rate,domain_mi,params_total,params_active,flops_per_token,flops_total,causal,effective_experts,experts,layers")
		csv = strategy
		gsub(/"/, "\"\"", csv)
		put("summary.csv", "r,\"" csv "\",\"" sentence "\"," seed ",done,40,4000," excess + 2 ",2," excess "," \
			(routed ? maxvio ",0.5,2,0.125,0.1" : ",,,,") ",5000,2000,4000,40000," (strategy == "expert-choice" ? "no" : "yes") "," \
			(routed ? "3,4,2" : ",,"))
	}' </dev/null
}

# make_suite FOLDER -- dense, top-k and expert-choice, three seeds each
make_suite()
{
	for seed in 1 2 3
	do
		make_run "$1/dense-s$seed" dense $seed "0.${seed}5" 0
		make_run "$1/top-k-s$seed" top-k $seed "0.$seed" "$seed"
		make_run "$1/expert-choice-s$seed" expert-choice $seed "0.0$seed" 0
	done
}

# make_sweep FOLDER -- two strategies over two settings, so that every chart has something to show
make_sweep()
{
	for seed in 1 2
	do
		make_run "$1/dense-s$seed" dense $seed 0.9 0
		for capacity in 1 2 8
		do
			for width in 8 16
			do
				make_run "$1/top-k-$capacity-$width-s$seed" top-k $seed "0.$capacity$seed" 2 $capacity $width
				make_run "$1/bias-$capacity-$width-s$seed" bias $seed "0.3$seed" 0.5 $capacity $width
			done
		done
	done
}

# seal RUN FILE... -- the manifest lists these files as they are now
seal()
{
	seal_run=$1
	shift
	for seal_file
	do
		awk -v file="$seal_file" -v bytes="$(wc -c <"$seal_run/$seal_file")" \
			-v sum="$(sha256sum "$seal_run/$seal_file" | cut -c 1-64)" '
			index($0, "\"" file "\": {") { inside = 1 }
			inside && /"bytes":/ { sub(/[0-9]+/, bytes) }
			inside && /"sha256":/ { sub(/"[0-9a-f]+"$/, "\"" sum "\""); inside = 0 }
			{ print }' "$seal_run/manifest.json" >seal.tmp && mv seal.tmp "$seal_run/manifest.json"
	done
}
